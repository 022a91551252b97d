// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers, converted from the order of struct user_regs_struct to gdb's. gdb insists on
 * x87 registers; their contents are not known.
 */
#include <sys/user.h>

#include "gdb.h"

#define REG(name)	(offsetof(struct user_regs_struct, name) / sizeof(uint64_t))
#define UNKNOWN		VNODE_REGS_NR

struct gdb_reg {
	uint8_t from;			/* in reg[], or UNKNOWN */
	uint8_t size;			/* in bytes */
};

#define X87_DATA	{ UNKNOWN, 10 }
#define X87_CONTROL	{ UNKNOWN, 4 }

/* In the order of the description below */
static const struct gdb_reg gdb_regs[] = {
	{ REG(rax), 8 }, { REG(rbx), 8 }, { REG(rcx), 8 }, { REG(rdx), 8 },
	{ REG(rsi), 8 }, { REG(rdi), 8 }, { REG(rbp), 8 }, { REG(rsp), 8 },
	{ REG(r8), 8 }, { REG(r9), 8 }, { REG(r10), 8 }, { REG(r11), 8 },
	{ REG(r12), 8 }, { REG(r13), 8 }, { REG(r14), 8 }, { REG(r15), 8 },
	{ REG(rip), 8 }, { REG(eflags), 4 }, { REG(cs), 4 }, { REG(ss), 4 },
	{ REG(ds), 4 }, { REG(es), 4 }, { REG(fs), 4 }, { REG(gs), 4 },
	X87_DATA, X87_DATA, X87_DATA, X87_DATA, X87_DATA, X87_DATA, X87_DATA, X87_DATA,
	X87_CONTROL, X87_CONTROL, X87_CONTROL, X87_CONTROL,
	X87_CONTROL, X87_CONTROL, X87_CONTROL, X87_CONTROL,
	{ REG(fs_base), 8 }, { REG(gs_base), 8 },
};

#define GDB_REGS_NR	(sizeof(gdb_regs) / sizeof(*gdb_regs))

#define XML_HEAD	"<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
#define XML_POINTER(name, type)	"<reg name=\"" name "\" bitsize=\"64\" type=\"" type "\"/>"
#define XML_INT(name)	"<reg name=\"" name "\" bitsize=\"64\" type=\"int64\"/>"
#define XML_SEGMENT(name) "<reg name=\"" name "\" bitsize=\"32\" type=\"int32\"/>"
#define XML_ST(name)	"<reg name=\"" name "\" bitsize=\"80\" type=\"i387_ext\"/>"
#define XML_X87(name)	"<reg name=\"" name "\" bitsize=\"32\" type=\"int\" group=\"float\"/>"

/* gdb's features/i386/64bit-core.xml and 64bit-segments.xml */
const char vnode_gdb_target_xml[] =
	XML_HEAD "<target><architecture>i386:x86-64</architecture><feature name=\"org.gnu.gdb.i386.core\">"
	XML_INT("rax") XML_INT("rbx") XML_INT("rcx") XML_INT("rdx")
	XML_INT("rsi") XML_INT("rdi")
	XML_POINTER("rbp", "data_ptr") XML_POINTER("rsp", "data_ptr")
	XML_INT("r8") XML_INT("r9") XML_INT("r10") XML_INT("r11")
	XML_INT("r12") XML_INT("r13") XML_INT("r14") XML_INT("r15")
	XML_POINTER("rip", "code_ptr")
	XML_SEGMENT("eflags") XML_SEGMENT("cs") XML_SEGMENT("ss") XML_SEGMENT("ds")
	XML_SEGMENT("es") XML_SEGMENT("fs") XML_SEGMENT("gs")
	XML_ST("st0") XML_ST("st1") XML_ST("st2") XML_ST("st3")
	XML_ST("st4") XML_ST("st5") XML_ST("st6") XML_ST("st7")
	XML_X87("fctrl") XML_X87("fstat") XML_X87("ftag") XML_X87("fiseg")
	XML_X87("fioff") XML_X87("foseg") XML_X87("fooff") XML_X87("fop")
	"</feature><feature name=\"org.gnu.gdb.i386.segments\">"
	XML_INT("fs_base") XML_INT("gs_base")
	"</feature></target>";

static bool is_known(const struct vnode_regs *regs, unsigned int reg)
{
	switch (regs->kind) {
	case VNODE_REGS_NONE:
		/* gdb does not attach without a program counter: show 0 */
		return reg == REG(rip);
	case VNODE_REGS_PANIC:
		return reg == REG(rip) || reg == REG(rsp) || reg == REG(rbp);
	}
	return reg != UNKNOWN;
}

static void put_reg(struct vnode_gdb_reply *reply, const struct vnode_regs *regs,
		    const struct gdb_reg *gdb_reg)
{
	unsigned int i;

	if (is_known(regs, gdb_reg->from)) {
		vnode_gdb_put_hex(reply, &regs->reg[gdb_reg->from], gdb_reg->size);
		return;
	}
	for (i = 0; i < gdb_reg->size; i++)
		vnode_gdb_put(reply, "xx");
}

void vnode_gdb_put_regs(struct vnode_gdb_reply *reply, const struct vnode_regs *regs)
{
	size_t i;

	for (i = 0; i < GDB_REGS_NR; i++)
		put_reg(reply, regs, &gdb_regs[i]);
}

bool vnode_gdb_put_reg(struct vnode_gdb_reply *reply, const struct vnode_regs *regs, uint64_t nr)
{
	if (nr >= GDB_REGS_NR)
		return false;
	put_reg(reply, regs, &gdb_regs[nr]);
	return true;
}

uint64_t vnode_gdb_sp(const struct vnode_regs *regs)
{
	return regs->reg[REG(rsp)];
}

const char *vnode_gdb_regs_text(const struct vnode_regs *regs)
{
	switch (regs->kind) {
	case VNODE_REGS_FROZEN:
		return "frozen";
	case VNODE_REGS_PANIC:
		return "in panic()";
	case VNODE_REGS_SILENT:
		return "silent";
	}
	return "no registers";
}
