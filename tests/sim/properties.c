/* The table of properties; see properties.h. */
#include "properties.h"

#include <ctype.h>

static struct {
	const char *name;
	unsigned permille;
	const char *what;
} properties[SIM_PROPERTY_COUNT] = {
#define PROPERTY(name, permille, what) { #name, permille, what },
	SIM_PROPERTIES(PROPERTY)
#undef PROPERTY
};

const char *sim_property_name(enum sim_property property)
{
	return properties[property].name;
}

const char *sim_property_what(enum sim_property property)
{
	return properties[property].what;
}

unsigned sim_property_share(enum sim_property property)
{
	return properties[property].permille;
}

void sim_property_set_share(enum sim_property property, unsigned permille)
{
	properties[property].permille = permille;
}

static bool is_name(const char *text, const char *name)
{
	for (; *text && *name; text++, name++)
		if (toupper((unsigned char)*text) != *name && !(*text == '-' && *name == '_'))
			return false;
	return *text == *name;
}

bool sim_property_find(const char *name, enum sim_property *property_r)
{
	for (int i = 0; i < SIM_PROPERTY_COUNT; i++)
		if (is_name(name, properties[i].name)) {
			*property_r = (enum sim_property)i;
			return true;
		}
	return false;
}
