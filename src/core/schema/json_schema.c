/* JSON Schema 2020-12 of the data model, written from the table; see sl_schema_write in schema.h. Keeps true: it
 * accepts whatever validation accepts. What JSON Schema can't say (unique ids, bytes, sizes of rows) is left to
 * validation.
 */
#include "core/schema/schema.h"


static const char *const rule_words[] = {
	[SL_RULE_LWW] = "lww", [SL_RULE_GROUP] = "group", [SL_RULE_COUNTER] = "counter", [SL_RULE_MAX] = "max", [SL_RULE_PROGRESS] = "progress",
	[SL_RULE_FLAG] = "flag", [SL_RULE_TEXT] = "text", [SL_RULE_LIST] = "list", [SL_RULE_OBJECT] = "object",
};

static const char opening[] =
	"{'$schema':'https://json-schema.org/draft/2020-12/schema',"
	"'$id':'urn:slatesync:schema:";

/* `name` is that of a project-level field; its "not" keeps keys of `context` apart from those of the top level. */
static const char common_definitions[] =
	"'safeInteger':{'type':'integer','minimum':-9007199254740991,'maximum':9007199254740991},"
	"'safeNumber':{'type':'number','minimum':-9007199254740991,'maximum':9007199254740991},"
	"'id':{'type':'string','minLength':1,'maxLength':128,'pattern':'^[^\\u0000-\\u001f\\u007f-\\u009f]*$'},"
	"'name':{'$ref':'#/$defs/id','not':{'pattern':'^context\\.'}},"
	"'nameInContext':{'$ref':'#/$defs/id','maxLength':120},"
	"'rank':{'type':'string','pattern':'^[0-9A-Za-z]{1,64}$'}";

/* Appends `text`, in which each ' stands for a quotation mark and each backslash for two: JSON within C that can
 * be read. */
static void add(struct sl_buf *out, const char *text)
{
	for (; *text; text++) {
		sl_buf_add_char(out, *text == '\'' ? '"' : *text);
		if (*text == '\\')
			sl_buf_add_char(out, '\\');
	}
}

static void add_quoted(struct sl_buf *out, const char *text)
{
	sl_buf_add_char(out, '"');
	sl_buf_add_text(out, text);
	sl_buf_add_char(out, '"');
}

static void add_reference(struct sl_buf *out, const char *name)
{
	add(out, "'$ref':'#/$defs/");
	sl_buf_add_text(out, name);
	add(out, "'");
}

/* Words of later versions are valid, too. */
static void add_words(struct sl_buf *out, const char *const *words)
{
	add(out, ",'examples':[");
	for (size_t i = 0; words[i]; i++) {
		add(out, i ? "," : "");
		add_quoted(out, words[i]);
	}
	add(out, "]");
}

/* A limit in bytes allows at most that many characters. */
static void add_text_type(struct sl_buf *out, const struct sl_field *field)
{
	add(out, "'type':['string','null']");
	if (field->limit != 0) {
		add(out, ",'maxLength':");
		sl_buf_add_int(out, (int64_t)field->limit);
	}
	if (field->words)
		add_words(out, field->words);
}

/* A field of the row's key. */
static void add_key_type(struct sl_buf *out, const struct sl_field *field)
{
	add_reference(out, field->type == SL_TYPE_INTEGER ? "safeInteger" : "id");
}

/* Either of this type, or nothing. */
static void add_other_type(struct sl_buf *out, const struct sl_field *field)
{
	add(out, "'anyOf':[{");
	if (field->type == SL_TYPE_BOOLEAN)
		add(out, "'type':'boolean'");
	else if (field->type == SL_TYPE_LIST) {
		add(out, "'type':'array','items':{");
		add_reference(out, field->shape->name);
		add(out, "}");
	} else
		add_reference(out, field->type == SL_TYPE_OBJECT ? field->shape->name : "safeNumber");
	add(out, "},{'enum':[null,'']}]");
}

static void add_type(struct sl_buf *out, const struct sl_field *field)
{
	if (field->required)
		add_key_type(out, field);
	else if (field->type == SL_TYPE_TEXT || field->type == SL_TYPE_WORD)
		add_text_type(out, field);
	else if (field->type == SL_TYPE_ANY)
		add(out, "'description':'any value'");
	else
		add_other_type(out, field);
}

/* One entry of "properties", with what stands before it. */
static void add_field(struct sl_buf *out, const char *before, const struct sl_field *field, const char *name)
{
	add(out, before);
	add_quoted(out, name);
	add(out, ":{");
	add_type(out, field);
	add(out, ",'x-merge':");
	add_quoted(out, rule_words[field->rule]);
	add(out, "}");
}

static bool is_row_shape(const struct sl_shape *shape)
{
	for (int entity = SL_EPISODES; entity < SL_ENTITIES; entity++)
		if (sl_schema_row((enum sl_entity)entity) == shape)
			return true;
	return false;
}

/* Appends `,"name":{…}`. A document doesn't repeat `episodeId` in scenes and shots; the delta asks for it itself. */
static void add_shape(struct sl_buf *out, const struct sl_shape *shape)
{
	add(out, ",");
	add_quoted(out, shape->name);
	bool is_row = is_row_shape(shape);
	add(out, is_row ? ":{'type':'object','required':['id'],'properties':{'rank':{'type':'string'}" :
		":{'type':'object','properties':{");
	for (size_t i = 0; i < shape->count; i++)
		add_field(out, i == 0 && !is_row ? "" : ",", &shape->fields[i], shape->fields[i].name);
	add(out, "}}");
}

/* The project-level fields that are members of `context`, or those that are not, each with a comma before it. */
static void add_meta_fields(struct sl_buf *out, bool in_context)
{
	const struct sl_shape *meta = sl_schema_row(SL_META);
	for (size_t i = 0; i < meta->count; i++) {
		const char *name = meta->fields[i].name;
		bool nested = sl_schema_is_in_context(sl_str_from(name));
		if (nested == in_context)
			add_field(out, ",", &meta->fields[i], nested ? name + SL_CONTEXT_BYTES : name);
	}
}

/* Appends `"rows":{"type":"array","items":{"$ref":…`, to be closed by the caller with "}}". */
static void open_rows(struct sl_buf *out, enum sl_entity entity)
{
	add_quoted(out, sl_entity_name(entity));
	add(out, ":{'type':'array','items':{");
	add_reference(out, sl_schema_row(entity)->name);
}

static void add_rows(struct sl_buf *out, enum sl_entity entity)
{
	open_rows(out, entity);
	add(out, "}}");
}

static void add_project_data(struct sl_buf *out)
{
	static const char not_null[] = "'additionalProperties':{'not':{'type':'null'}}}";
	add(out, ",'projectData':{'type':'object','required':['episodes'],'properties':{");
	open_rows(out, SL_EPISODES);
	add(out, ",'properties':{");
	add_rows(out, SL_SCENES);
	add(out, ",");
	add_rows(out, SL_SHOTS);
	add(out, "}}},'context':{'type':'object','properties':{");
	add_rows(out, SL_CHARACTERS);
	add(out, ",");
	add_rows(out, SL_LOCATIONS);
	add_meta_fields(out, true);
	add(out, "},'propertyNames':{'$ref':'#/$defs/nameInContext'},");
	add(out, not_null);
	add_meta_fields(out, false);
	add(out, "},'propertyNames':{'$ref':'#/$defs/name'},");
	add(out, not_null);
}

/* Project-level fields as a delta's `meta` holds them: null removes one. Rows have collections of their own. */
static void add_delta_meta(struct sl_buf *out)
{
	add(out, ",'meta':{'type':'object','properties':{'episodes':false,'context':{'type':'object','properties':{"
		"'characters':false,'locations':false");
	add_meta_fields(out, true);
	add(out, "},'propertyNames':{'$ref':'#/$defs/nameInContext'}}");
	add_meta_fields(out, false);
	add(out, "},'propertyNames':{'$ref':'#/$defs/name'}}");
}

static void add_delta_rows(struct sl_buf *out, enum sl_entity entity)
{
	open_rows(out, entity);
	if (entity == SL_SCENES || entity == SL_SHOTS)
		add(out, ",'required':['episodeId']");
	add(out, ",'properties':{'rank':{'$ref':'#/$defs/rank'}");
	add(out, entity == SL_EPISODES ? ",'scenes':false,'shots':false}}}," : "}}},");
}

static void add_delta(struct sl_buf *out)
{
	static const char deleted[] =
		"'deleted':{'type':'object','additionalProperties':false,'properties':{"
		"'episodes':{'type':'array','items':{'$ref':'#/$defs/safeInteger'}},"
		"'scenes':{'type':'array','items':{'type':'object','additionalProperties':false,"
		"'required':['episodeId','sceneId'],"
		"'properties':{'episodeId':{'$ref':'#/$defs/safeInteger'},'sceneId':{'$ref':'#/$defs/id'}}}},"
		"'shots':{'type':'array','items':{'type':'object','additionalProperties':false,"
		"'required':['episodeId','shotId'],"
		"'properties':{'episodeId':{'$ref':'#/$defs/safeInteger'},'shotId':{'$ref':'#/$defs/id'}}}},"
		"'characters':{'type':'array','items':{'$ref':'#/$defs/id'}},"
		"'locations':{'type':'array','items':{'$ref':'#/$defs/id'}}}}";
	add(out, ",'delta':{'type':'object','additionalProperties':false,'properties':{'meta':{'$ref':'#/$defs/meta'},");
	for (int entity = SL_EPISODES; entity < SL_ENTITIES; entity++)
		add_delta_rows(out, (enum sl_entity)entity);
	add(out, deleted);
	add(out, "}}");
}

void sl_schema_write(struct sl_buf *out)
{
	add(out, opening);
	sl_buf_add_int(out, SL_SCHEMA_VERSION);
	add(out, "','$defs':{");
	add(out, common_definitions);
	for (size_t i = 0; sl_schema_shape(i); i++)
		if (sl_schema_shape(i) != sl_schema_row(SL_META))
			add_shape(out, sl_schema_shape(i));
	add_project_data(out);
	add_delta_meta(out);
	add_delta(out);
	add(out, "}}");
}
