// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real interrupt vectors for portals: an irq_domain of our own on top of x86's
 * vector domain. To Linux a portal is the interrupt of a device; other kernels read
 * {APIC id, vector} in our station and send it as an IPI.
 *
 * Linux may give an interrupt another vector at any time (affinity, a CPU goes
 * offline). The old one stays good until the first interrupt on the new one. So
 * this kernel raises the portal once after each move: that completes the move inside
 * Linux, and collects what was raised before the new target was read.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>

#include "portal.h"

static struct fwnode_handle *vectors_fwnode;
static struct irq_domain *vectors;

static void vector_publish(struct irq_data *data)
{
	struct adeos_portal *portal = irq_data_get_irq_chip_data(data);
	struct irq_cfg *cfg = irqd_cfg(data);
	unsigned int cpu = cpumask_first(irq_data_get_effective_affinity_mask(data));
	u64 apicid;

	if (!portal || !cfg || cpu >= nr_cpu_ids)
		return;
	/* not cfg->dest_apicid, which is a logical id in x2APIC's cluster mode */
	apicid = per_cpu(x86_cpu_to_apicid, cpu);
	adeos_portal_publish(portal, apicid << 32 | cfg->vector);
}

static int vector_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force)
{
	int ret;

	ret = irq_chip_set_affinity_parent(data, mask, force);
	if (ret < 0)
		return ret;
	vector_publish(data);
	adeos_portal_self_raise(irq_data_get_irq_chip_data(data));
	return ret;
}

static struct irq_chip vector_chip = {
	.name = "portal",
	.irq_ack = irq_chip_ack_parent,
	.irq_set_affinity = vector_set_affinity,
	.irq_retrigger = irq_chip_retrigger_hierarchy,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static int vector_domain_alloc(struct irq_domain *domain, unsigned int virq,
			       unsigned int nr, void *arg)
{
	struct irq_alloc_info *info = arg;
	struct adeos_portal *portal = info->data;
	int err;

	err = irq_domain_alloc_irqs_parent(domain, virq, nr, arg);
	if (err)
		return err;
	irq_domain_set_info(domain, virq, portal->number, &vector_chip, portal,
			    handle_edge_irq, NULL, "edge");
	/* a target is one word: no kernel reads half of a move */
	irq_set_status_flags(virq, IRQ_MOVE_PCNTXT);
	return 0;
}

/* The vector domain below is active: there is a vector now. */
static int vector_domain_activate(struct irq_domain *domain, struct irq_data *data, bool reserve)
{
	if (!reserve)
		vector_publish(data);
	return 0;
}

static const struct irq_domain_ops vector_ops = {
	.alloc = vector_domain_alloc,
	.free = irq_domain_free_irqs_common,
	.activate = vector_domain_activate,
};

static irqreturn_t vector_interrupt(int irq, void *dev)
{
	struct adeos_portal *portal = dev;

	adeos_pipeline_run(portal, adeos_portal_collect(portal));
	return IRQ_HANDLED;
}

int adeos_vector_alloc(struct adeos_portal *portal, int cpu)
{
	struct irq_alloc_info info = { .data = portal };
	int irq, err;

	irq = irq_domain_alloc_irqs(vectors, 1, NUMA_NO_NODE, &info);
	if (irq < 0)
		return irq;
	portal->irq = irq;
	if (cpu >= 0)
		/* before it has a vector: it gets one there */
		irq_set_affinity(irq, cpumask_of(cpu));
	err = request_irq(irq, vector_interrupt, IRQF_NO_THREAD, portal->label, portal);
	if (err) {
		irq_dispose_mapping(irq);
		portal->irq = 0;
	}
	return err;
}

void adeos_vector_free(struct adeos_portal *portal)
{
	free_irq(portal->irq, portal);
	irq_dispose_mapping(portal->irq);
	portal->irq = 0;
}

static int vectors_init(void)
{
	vectors_fwnode = irq_domain_alloc_named_fwnode("adeos-portals");
	if (!vectors_fwnode)
		return -ENOMEM;
	vectors = irq_domain_create_hierarchy(x86_vector_domain, 0, VNODE_PORTALS, vectors_fwnode,
					      &vector_ops, NULL);
	if (!vectors) {
		irq_domain_free_fwnode(vectors_fwnode);
		return -ENOMEM;
	}
	return 0;
}

static void vectors_exit(void)
{
	irq_domain_remove(vectors);
	irq_domain_free_fwnode(vectors_fwnode);
}

const struct adeos_part adeos_vector_part = {
	.init = vectors_init,
	.exit = vectors_exit,
};
