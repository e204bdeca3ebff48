/* The operations of the bridge by name, for programs that run them natively. */
#ifndef SL_TESTS_OPERATIONS_H
#define SL_TESTS_OPERATIONS_H

#include "web/wasm/bridge.h"

struct operation {
	const char *name;
	int (*run)(struct sl_web_call *call);
};

static const struct operation operations[] = {
#define FUNCTION(name)
#define OPERATION(name) { #name, sl_web_##name },
#include "web/wasm/exports.def"
#undef FUNCTION
#undef OPERATION
};

/* NULL: there is none of that name. */
static inline const struct operation *operation_find(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (name && strcmp(operations[i].name, name) == 0)
			return &operations[i];
	return NULL;
}

#endif
