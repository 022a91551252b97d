// SPDX-License-Identifier: GPL-2.0-only
/*
 * The terminal on stdin during a console session: in raw mode, and restored however this
 * process ends.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "console.h"

static struct termios saved;

/* Signals that end a process by default */
static const int deadly[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGPIPE, SIGALRM,
	SIGTERM, SIGUSR1, SIGUSR2,
};

static void restore(int sig)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	raise(sig);		/* SA_RESETHAND: now it has its default effect */
}

static void watch_signals(void)
{
	struct sigaction action = { .sa_handler = restore, .sa_flags = SA_RESETHAND };
	struct sigaction before;
	size_t i;

	sigemptyset(&action.sa_mask);
	/* tcsetattr() must work from the background, too */
	sigaddset(&action.sa_mask, SIGTTOU);
	for (i = 0; i < sizeof(deadly) / sizeof(*deadly); i++)
		if (!sigaction(deadly[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaction(deadly[i], &action, NULL);
}

int vnode_terminal_raw(struct vnode_err *err)
{
	struct termios raw;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0 || tcgetattr(STDIN_FILENO, &saved))
		return vnode_err(err, errno, "the terminal: %s", strerror(errno));
	watch_signals();
	raw = saved;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw))
		return vnode_err(err, errno, "the terminal: %s", strerror(errno));
	return fd;
}

void vnode_terminal_restore(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

bool vnode_terminal_size(int fd, uint16_t *rows, uint16_t *columns)
{
	struct signalfd_siginfo info;
	struct winsize size;

	while (read(fd, &info, sizeof(info)) > 0)
		;		/* one report for any number of signals */
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		return false;
	*rows = size.ws_row;
	*columns = size.ws_col;
	return true;
}
