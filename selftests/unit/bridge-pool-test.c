// SPDX-License-Identifier: GPL-2.0-only
/* adeos-lite/root/bridge-pool.c: first fit, what is free, what could lie lower. */
#include <errno.h>
#include <stdlib.h>

#include "ktap.h"
#include "../../adeos-lite/root/bridge-pool.c"

#define PAGE	4096ULL

static struct bridge_pool pool;

static long long get(__u32 index, __u64 pages)
{
	__u64 offset = 0;
	int err = bridge_pool_get(&pool, index, pages * PAGE, &offset);

	return err ? err : (long long)(offset / PAGE);
}

static long long lower(__u32 index)
{
	__u64 offset = 0;

	return bridge_pool_lower(&pool, index, &offset) ? (long long)(offset / PAGE) : -1;
}

/* In order, apart, inside, each bridge once, and all of it accounted for. */
static bool pool_is_sound(void)
{
	bool seen[VNODE_BRIDGES] = { false };
	__u64 end = 0, used = 0;

	for (__u32 i = 0; i < pool.nr; i++) {
		const struct bridge_extent *extent = &pool.extent[i];

		if (extent->offset < end || !extent->size || extent->index >= VNODE_BRIDGES ||
		    seen[extent->index])
			return false;
		seen[extent->index] = true;
		end = extent->offset + extent->size;
		used += extent->size;
	}
	return end <= pool.size && bridge_pool_free(&pool) == pool.size - used &&
	       bridge_pool_largest(&pool) <= bridge_pool_free(&pool);
}

static void first_fit(void)
{
	bridge_pool_init(&pool, 10 * PAGE);
	KTAP_CHECK_EQ(get(0, 3), 0);
	KTAP_CHECK_EQ(get(1, 2), 3);
	KTAP_CHECK_EQ(get(2, 4), 5);
	KTAP_CHECK_EQ(get(3, 2), -ENOSPC);
	KTAP_CHECK_EQ(get(3, 1), 9);
	KTAP_CHECK_EQ(bridge_pool_free(&pool), 0);
	KTAP_CHECK_EQ(bridge_pool_largest(&pool), 0);
	bridge_pool_put(&pool, 1);
	bridge_pool_put(&pool, 0);
	KTAP_CHECK_EQ(bridge_pool_largest(&pool), 5 * PAGE);
	KTAP_CHECK_EQ(get(7, 5), 0);
	KTAP_CHECK(pool_is_sound());
}

static void all_and_more(void)
{
	bridge_pool_init(&pool, 10 * PAGE);
	KTAP_CHECK_EQ(get(0, 11), -ENOSPC);
	KTAP_CHECK_EQ(get(0, ~0ULL / PAGE), -ENOSPC);
	KTAP_CHECK_EQ(get(0, 10), 0);
	KTAP_CHECK_EQ(get(1, 1), -ENOSPC);
	bridge_pool_put(&pool, 0);
	KTAP_CHECK_EQ(bridge_pool_free(&pool), 10 * PAGE);
	bridge_pool_put(&pool, 0);
	KTAP_CHECK_EQ(bridge_pool_free(&pool), 10 * PAGE);
}

static void as_many_as_there_may_be(void)
{
	bridge_pool_init(&pool, (VNODE_BRIDGES + 1) * PAGE);
	for (__u32 i = 0; i < VNODE_BRIDGES; i++)
		KTAP_CHECK_EQ(get(i, 1), i);
	KTAP_CHECK_EQ(get(VNODE_BRIDGES, 1), -ENOSPC);
	KTAP_CHECK(pool_is_sound());
	for (__u32 i = 0; i < VNODE_BRIDGES; i++)
		bridge_pool_put(&pool, (i * 7) % VNODE_BRIDGES);
	KTAP_CHECK_EQ(pool.nr, 0);
}

static void moves_down(void)
{
	bridge_pool_init(&pool, 20 * PAGE);
	get(0, 4);
	get(1, 6);
	get(2, 4);
	KTAP_CHECK_EQ(lower(0), -1);
	KTAP_CHECK_EQ(lower(1), -1);
	KTAP_CHECK_EQ(lower(9), -1);
	bridge_pool_put(&pool, 0);
	/* it overlaps where it is */
	KTAP_CHECK_EQ(lower(1), 0);
	/* past another */
	KTAP_CHECK_EQ(lower(2), 0);
	bridge_pool_move(&pool, 2);
	KTAP_CHECK_EQ(pool.extent[0].index, 2);
	KTAP_CHECK_EQ(lower(2), -1);
	KTAP_CHECK_EQ(lower(1), -1);
	KTAP_CHECK_EQ(bridge_pool_largest(&pool), 10 * PAGE);
	KTAP_CHECK(pool_is_sound());
}

static void random_use(void)
{
	bool held[VNODE_BRIDGES] = { false };

	srand(1);
	bridge_pool_init(&pool, 1000 * PAGE);
	for (int round = 0; round < 200000; round++) {
		__u32 index = rand() % VNODE_BRIDGES;

		if (held[index] && rand() % 4 == 0) {
			__u64 offset;

			if (bridge_pool_lower(&pool, index, &offset))
				bridge_pool_move(&pool, index);
		} else if (held[index]) {
			bridge_pool_put(&pool, index);
			held[index] = false;
		} else {
			held[index] = get(index, 1 + rand() % 20) >= 0;
		}
		KTAP_REQUIRE(pool_is_sound());
	}
}

static void compacted_to_the_end(void)
{
	__u64 offset;

	srand(2);
	bridge_pool_init(&pool, 1000 * PAGE);
	for (__u32 i = 0; i < 100; i++)
		get(i, 1 + rand() % 10);
	for (__u32 i = 0; i < 100; i += 2)
		bridge_pool_put(&pool, i);
	for (__u32 pos = 0; pos < pool.nr; pos++)
		if (bridge_pool_lower(&pool, pool.extent[pos].index, &offset))
			bridge_pool_move(&pool, pool.extent[pos].index);
	KTAP_CHECK(pool_is_sound());
	KTAP_CHECK_EQ(bridge_pool_largest(&pool), bridge_pool_free(&pool));
}

static const struct ktap_test tests[] = {
	{ "the lowest place that is large enough is taken", first_fit },
	{ "no more than there is", all_and_more },
	{ "256 bridges and no more", as_many_as_there_may_be },
	{ "a bridge moves down, over itself or past another", moves_down },
	{ "200,000 random steps leave it sound", random_use },
	{ "one pass leaves one free piece", compacted_to_the_end },
};

int main(void)
{
	return ktap_run(tests, KTAP_NR(tests));
}
