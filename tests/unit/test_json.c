/*
 * tests/unit/test_json.c - JSON documents, byte for byte.
 */
/* sources: kernel/shell/json.c */
#include "tests/unit/shell_kit.h"

#include <setjmp.h>

#include <cmocka.h>

static void empty_documents(void **state)
{
	struct json j;

	(void)state;
	json_begin(&j);
	json_end(&j);
	assert_string_equal(take_printed(), "{}\n");
	json_begin(&j);
	json_array(&j, "dimms");
	json_array_end(&j);
	json_end(&j);
	assert_string_equal(take_printed(), "{\"dimms\":[]}\n");
}

static void members(void **state)
{
	struct json j;

	(void)state;
	json_begin(&j);
	json_array(&j, "memory");
	for (uint64_t i = 0; i < 2; i++) {
		json_object(&j, NULL);
		json_number(&j, "size", i == 0 ? 0 : UINT64_MAX);
		json_bool(&j, "removable", i == 0);
		json_string(&j, "zones", "Movable");
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object(&j, "more");
	json_array(&j, "list");
	json_number(&j, NULL, 1);
	json_number(&j, NULL, 2);
	json_array_end(&j);
	json_object_end(&j);
	json_number(&j, "n", 3);
	json_end(&j);
	assert_string_equal(take_printed(),
			    "{\"memory\":[{\"size\":0,\"removable\":true,\"zones\":\"Movable\"},"
			    "{\"size\":18446744073709551615,\"removable\":false,"
			    "\"zones\":\"Movable\"}],\"more\":{\"list\":[1,2]},\"n\":3}\n");
}

static void strings_are_escaped(void **state)
{
	struct json j;

	(void)state;
	json_begin(&j);
	json_string(&j, "a\"b", "back\\slash \"quoted\" \n\x01\x1f \xc3\xa9");
	json_end(&j);
	assert_string_equal(take_printed(), "{\"a\\\"b\":\"back\\\\slash \\\"quoted\\\" "
					    "\\u000a\\u0001\\u001f \xc3\xa9\"}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_documents),
		cmocka_unit_test(members),
		cmocka_unit_test(strings_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
