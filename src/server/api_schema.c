/* /schema: the data model as JSON Schema, generated from core/schema.def. */
#include "core/schema/schema.h"
#include "server/api.h"

int sl_api_schema(struct sl_context *context, struct sl_request *request, struct sl_response *response, struct sl_err *err)
{
	(void)context;
	(void)request;
	(void)err;
	response->content_type = "application/schema+json";
	sl_schema_write(&response->body);
	return SL_OK;
}
