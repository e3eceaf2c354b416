/*
 * kernel/shell/cmd_why.c - who holds memory: why, page.
 */
#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/table.h"
#include "kernel/shell/target.h"
#include "kernel/symbols.h"
#include "mm/buddy.h"
#include "mm/hotplug/hotplug.h"
#include "mm/page_pin.h"
#include "mm/slab.h"

#define HOLDERS_MAX 64

/* "12.34s": how long ago a page was allocated; ticks are kept by their low 32 bits. */
static const char *format_age(uint32_t birth, char *buf, size_t size)
{
	uint32_t age = (uint32_t)clock_ticks() - birth;

	snprintf(buf, size, "%u.%02us", age / CLOCK_HZ, age % CLOCK_HZ * (100 / CLOCK_HZ));
	return buf;
}

struct holder_list {
	struct holder holders[HOLDERS_MAX];
	unsigned n;
};

static void put_holders(struct table *t, void *ctx)
{
	const struct holder_list *list = ctx;
	char text[24];

	for (unsigned i = 0; i < list->n; i++) {
		const struct holder *h = &list->holders[i];

		if (h->movable)
			continue;
		table_cell(t, "%s%s", h->name[0] != '\0' ? h->name : "(being allocated)",
			   h->pinned ? " (pinned, long)" : "");
		table_cell(t, "%lu", h->chunks);
		table_cell(t, "%lu", h->pages);
		table_cell(t, "0x%lx", h->first);
		table_cell(t, "%u", h->order);
		table_cell(t, "%s", format_age(h->oldest, text, sizeof(text)));
		table_cell(t, "%s", symbol_name(h->caller));
	}
}

/* Pages of the groups that can, or cannot, move. */
static uint64_t held_pages(const struct holder_list *list, bool movable)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < list->n; i++)
		if (list->holders[i].movable == movable)
			pages += list->holders[i].pages;
	return pages;
}

static void print_holders(const char *word, const struct holder_list *list, unsigned groups)
{
	static const struct table_column columns[] = {
		{"OWNER", false}, {"CHUNKS", true}, {"PAGES", true},   {"PFN", true},
		{"ORDER", true},  {"AGE", true},    {"CALLER", false},
	};
	uint64_t unmovable = held_pages(list, false), movable = held_pages(list, true);

	if (unmovable != 0)
		table_print(columns, ARRAY_SIZE(columns), put_holders, (void *)list);
	if (groups > list->n)
		shell_printf("and %u smaller groups\n", groups - list->n);
	if (unmovable != 0)
		shell_printf("why: %s: %lu pages cannot move, %lu can\n", word, unmovable, movable);
	else
		shell_printf("why: %s: no page refuses; %lu would move\n", word, movable);
}

/* The offline's own word on it: there may be no page that refuses, and yet no room. */
static const char *verdict(const struct block_range *range, char *buf, size_t size)
{
	struct refusal why = {0};
	struct block_result result;

	if (blocks_offline(range, RANGE_DRY_RUN, 0, &result, &why) == 0)
		return "nothing keeps it from going offline";
	return refusal_format(&why, buf, size);
}

static void holders_json(struct json *j, const struct holder_list *list)
{
	json_array(j, "holders");
	for (unsigned i = 0; i < list->n; i++) {
		const struct holder *h = &list->holders[i];

		if (h->movable)
			continue;
		json_object(j, NULL);
		json_string(j, "owner", h->name[0] != '\0' ? h->name : "(being allocated)");
		json_bool(j, "pinned", h->pinned);
		json_number(j, "chunks", h->chunks);
		json_number(j, "pages", h->pages);
		json_number(j, "first", h->first);
		json_number(j, "order", h->order);
		json_number(j, "age_ticks", (uint32_t)((uint32_t)clock_ticks() - h->oldest));
		json_string(j, "caller", symbol_name(h->caller));
		json_object_end(j);
	}
	json_array_end(j);
}

static void why_json(const char *word, const struct block_range *range,
		     const struct holder_list *list)
{
	char text[REFUSAL_TEXT + 64];
	struct json j;

	json_begin(&j);
	json_object(&j, "why");
	json_string(&j, "target", word);
	json_number(&j, "unmovable_pages", held_pages(list, false));
	json_number(&j, "movable_pages", held_pages(list, true));
	json_string(&j, "verdict", verdict(range, text, sizeof(text)));
	holders_json(&j, list);
	json_object_end(&j);
	json_end(&j);
}

static void why_text(const char *word, const struct block_range *range,
		     const struct holder_list *list, unsigned groups)
{
	char text[REFUSAL_TEXT + 64];

	print_holders(word, list, groups);
	shell_printf("why: %s: %s\n", word, verdict(range, text, sizeof(text)));
}

SHELL_COMMAND(why, "TARGET [-J]", "what keeps memory from going offline", "why memory32",
	      SHELL_NORMAL)
{
	struct shell_args a = SHELL_ARGS("why", "J", argc, argv);
	static struct holder_list list;
	struct target target;
	bool json = false;
	unsigned groups;
	int status;

	if (!shell_json_option(&a, &json))
		return SHELL_USAGE;
	if (a.noperands != 1)
		return shell_usage("why", "one TARGET is needed");
	status = target_parse("why", a.operands[0], true, &target);
	if (status != SHELL_OK)
		return status;
	if (range_count(&target.range, BLOCK_ONLINE) == 0)
		return shell_error("why", EALREADY, "%.32s: no block of it is online",
				   a.operands[0]);
	slab_shrink(); /* free objects that a CPU keeps hold nothing */
	groups = blocks_holders(&target.range, list.holders, HOLDERS_MAX);
	list.n = MIN(groups, HOLDERS_MAX);
	if (json)
		why_json(a.operands[0], &target.range, &list);
	else
		why_text(a.operands[0], &target.range, &list, groups);
	return SHELL_OK;
}

/* --- page --- */

static void print_owner(const struct chunk_info *chunk)
{
	const struct page *page = &chunk->page;
	char age[24];

	if (!chunk->in_use)
		return;
	shell_printf("owner:  %s, %s\n",
		     chunk->owner[0] != '\0' ? chunk->owner : "(being allocated)",
		     chunk->movable ? "movable" : "unmovable");
	if (page_pinned(page))
		shell_printf("pins:   %u short, %u long\n", page_pins(page, PIN_SHORT),
			     page_pins(page, PIN_LONG));
	shell_printf("caller: %s\n", symbol_name(page_caller(page)));
	shell_printf("age:    %s\n", format_age(page->birth, age, sizeof(age)));
}

static void print_chunk(const struct chunk_info *chunk)
{
	unsigned order = chunk->page.order;
	char size[24];

	shell_printf("chunk:  pfn 0x%lx to 0x%lx, order %u, %s\n", chunk->pfn,
		     (chunk->pfn + (1UL << order) - 1), order,
		     format_size(PAGE_SIZE << order, false, size, sizeof(size)));
	shell_printf("state:  %s\n", page_state_name(&chunk->page));
	shell_printf("zone:   node %u %s\n", chunk->zone->node,
		     zone_type_name((enum zone_type)chunk->zone->type));
	print_owner(chunk);
}

static void print_page(pfn_t pfn, const struct memory_block *block)
{
	struct chunk_info chunk;
	char name[24];

	shell_printf("page:   pfn 0x%lx, address 0x%lx\n", pfn, pfn_to_paddr(pfn));
	shell_printf("block:  %s of %s, %s\n", block_name(block, name, sizeof(name)),
		     block->device->name, block_state_name(block->state));
	if (chunk_look(pfn, &chunk))
		print_chunk(&chunk);
	else if (pfn < block->usable)
		shell_printf("chunk:  none: it is in the device's head region\n");
	else
		shell_printf("chunk:  none: the block is not online\n");
}

static void chunk_json(struct json *j, const struct chunk_info *chunk)
{
	const struct page *page = &chunk->page;

	json_object(j, "chunk");
	json_number(j, "first", chunk->pfn);
	json_number(j, "order", page->order);
	json_string(j, "state", page_state_name(page));
	json_number(j, "node", chunk->zone->node);
	json_string(j, "zone", zone_type_name((enum zone_type)chunk->zone->type));
	if (chunk->in_use) {
		json_string(j, "owner",
			    chunk->owner[0] != '\0' ? chunk->owner : "(being allocated)");
		json_bool(j, "movable", chunk->movable);
		json_number(j, "pins_short", page_pins(page, PIN_SHORT));
		json_number(j, "pins_long", page_pins(page, PIN_LONG));
		json_string(j, "caller", symbol_name(page_caller(page)));
		json_number(j, "age_ticks", (uint32_t)((uint32_t)clock_ticks() - page->birth));
	}
	json_object_end(j);
}

static void page_json(pfn_t pfn, const struct memory_block *block)
{
	struct chunk_info chunk;
	struct json j;
	char name[24];

	json_begin(&j);
	json_object(&j, "page");
	json_number(&j, "pfn", pfn);
	json_number(&j, "address", pfn_to_paddr(pfn));
	json_string(&j, "block", block_name(block, name, sizeof(name)));
	json_string(&j, "device", block->device->name);
	json_string(&j, "state", block_state_name(block->state));
	json_bool(&j, "head", pfn < block->usable);
	if (chunk_look(pfn, &chunk))
		chunk_json(&j, &chunk);
	json_object_end(&j);
	json_end(&j);
}

/* Under hotplug_lock the device and its descriptors stay. */
SHELL_COMMAND(page, "PFN [-J]", "the chunk that a page frame belongs to, and its owner",
	      "page 0x100000", SHELL_NORMAL)
{
	struct shell_args a = SHELL_ARGS("page", "J", argc, argv);
	const struct memory_block *block;
	bool json = false;
	uint64_t pfn;

	if (!shell_json_option(&a, &json))
		return SHELL_USAGE;
	if (a.noperands != 1 || parse_number(a.operands[0], &pfn) != 0)
		return shell_usage("page", "one page frame number is needed");
	if (!lock_to_look("page"))
		return SHELL_FAIL;
	block = block_by_pfn(pfn);
	if (block != NULL && json)
		page_json(pfn, block);
	else if (block != NULL)
		print_page(pfn, block);
	mutex_unlock(&hotplug_lock);
	if (block == NULL)
		return shell_error("page", ENOENT, "pfn 0x%lx: no memory is there", pfn);
	return SHELL_OK;
}
