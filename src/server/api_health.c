/* GET /healthz: this process answers. GET /readyz: its database answers too and has the right schema; settings of the
 * database that put stored data at risk are told as warnings, which an operator reads and a load balancer doesn't.
 */
#include "core/json/write.h"
#include "server/api.h"
#include "server/health.h"
#include "server/migrate.h"

int sl_api_healthz(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_err *err)
{
	(void)context;
	(void)request;
	(void)err;
	sl_buf_add_text(&response->body, "{\"ok\":true,\"version\":\"" SL_VERSION "\"}");
	return 0;
}

static void add_warning(void *context, const char *setting, int64_t value, const char *advice)
{
	struct sl_buf *warnings = context;
	sl_buf_add_text(warnings, warnings->length ? ",{\"setting\":" : "{\"setting\":");
	sl_json_string(warnings, sl_str_from(setting));
	sl_buf_add_text(warnings, ",\"value\":");
	sl_buf_add_int(warnings, value);
	sl_buf_add_text(warnings, ",\"advice\":");
	sl_json_string(warnings, sl_str_from(advice));
	sl_buf_add_char(warnings, '}');
}

int sl_api_readyz(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_err *err)
{
	struct sl_health health;
	struct sl_buf warnings;
	(void)request;
	int code = sl_health_read(context->db, &health, err);
	if (code != 0)
		return code;
	sl_buf_init(&warnings, 16 * 1024);
	sl_health_check(&health, context->config, add_warning, &warnings);
	sl_buf_add_text(&response->body, "{\"ready\":true,\"schemaVersion\":");
	sl_buf_add_int(&response->body, sl_migrate_latest());
	sl_buf_add_text(&response->body, ",\"warnings\":[");
	sl_buf_add_str(&response->body, sl_buf_str(&warnings));
	sl_buf_add_text(&response->body, "]}");
	code = sl_buf_code(&warnings);
	sl_buf_dispose(&warnings);
	return code == 0 ? 0 : sl_err_set(err, code, "the list of warnings could not be built");
}
