/* Records of a row that belong together: a video job. See check.h. Keeps true: what a merge makes of two is one that a device
 * had. */
#include <stdlib.h>

#include "core/json/parse.h"
#include "core/json/write.h"

#include "sim.h"

static const char *const members[] = { "videoStatus", "videoUrl", "videoId", "videoStartTime", "videoErrorMsg", "videoParams" };

/* A hash of what the shot says of its job; 1 if it says nothing. */
static uint64_t job_of(const struct sl_row *row)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_buf text;
	json_t *data;
	uint64_t hash = 1;
	if (sl_json_parse(row->data, &data, &err) != SL_OK)
		abort();
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const json_t *value = json_object_get(data, members[i]);
		struct sl_key key = { SL_META, (int64_t)i, { NULL, 0 } };
		if (!value)
			continue;
		sl_buf_init(&text, SIZE_MAX);
		sl_json_write(&text, value);
		hash = hash * 31 + sim_check_field(&key, sl_buf_str(&text));
		sl_buf_dispose(&text);
	}
	json_decref(data);
	return hash ? hash : 2;
}

/* The slot that holds the hash, or a free one. */
static uint64_t *slot_of(struct sim *sim, uint64_t hash)
{
	for (size_t tries = 0, slot = hash % SIM_RECORDS; tries < SIM_RECORDS; tries++, slot = (slot + 1) % SIM_RECORDS)
		if (sim->check.records[slot] == hash || sim->check.records[slot] == 0)
			return &sim->check.records[slot];
	abort();
}

void sim_records_note(struct sim *sim, const struct sl_row *row)
{
	uint64_t hash;
	if (!sim->plan->with[SIM_WITH_JOBS] || row->key.entity != SL_SHOTS)
		return;
	hash = job_of(row);
	*slot_of(sim, hash) = hash;
}

void sim_check_record(struct sim *sim, unsigned device, const struct sl_row *row)
{
	uint64_t hash;
	if (!sim->plan->with[SIM_WITH_JOBS] || row->key.entity != SL_SHOTS)
		return;
	hash = job_of(row);
	if (hash != 1 && *slot_of(sim, hash) != hash)
		sim_violate(sim, "records", "device %u shows a video job that no device had: %.*s", device, (int)row->data.length,
			row->data.bytes);
}
