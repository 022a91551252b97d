// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes through shared memory, one writer and one reader. A side that finds the stream empty
 * or full sleeps until the bell rings; the full barriers pair with each other: either the
 * side that moves its position sees that the other has caught up, and rings, or the other
 * sees the new position when it looks once more before it sleeps.
 */
#include <errno.h>
#include <unistd.h>
#include <vnode/exec.h>

#include "exec.h"

static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void publish(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Without wrapping around the end of @data. */
static uint32_t in_one_piece(const struct exec_stream *stream, uint32_t len)
{
	uint32_t end = EXEC_STREAM - stream->at % EXEC_STREAM;

	return len < end ? len : end;
}

uint32_t exec_stream_room(const struct exec_stream *stream)
{
	uint32_t held = stream->at - load(stream->taken);

	return held > EXEC_STREAM ? 0 : EXEC_STREAM - held;
}

uint32_t exec_stream_held(const struct exec_stream *stream)
{
	uint32_t held = load(stream->put) - stream->at;

	return held > EXEC_STREAM ? 0 : held;
}

ssize_t exec_stream_fill(struct exec_stream *stream, int fd, bool *ring)
{
	uint32_t room = in_one_piece(stream, exec_stream_room(stream));
	uint32_t before = stream->at;
	ssize_t len;

	if (!room)
		return -EPROTO;
	len = read(fd, stream->data + stream->at % EXEC_STREAM, room);
	if (len <= 0)
		return len ? -errno : 0;
	stream->at += len;
	publish(stream->put, stream->at);
	if (load(stream->taken) == before)
		*ring = true;
	return len;
}

ssize_t exec_stream_drain(struct exec_stream *stream, int fd, bool *ring)
{
	uint32_t held = in_one_piece(stream, exec_stream_held(stream));
	uint32_t before = stream->at;
	ssize_t len;

	if (!held)
		return -EPROTO;
	len = write(fd, stream->data + stream->at % EXEC_STREAM, held);
	if (len < 0)
		return -errno;
	stream->at += len;
	publish(stream->taken, stream->at);
	/* the writer may have found it full at any moment since @before was the position */
	if (load(stream->put) - before == EXEC_STREAM)
		*ring = true;
	return len;
}
