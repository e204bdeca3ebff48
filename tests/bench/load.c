/* The benchmark's load generator: kept HTTP/1.1 connections to 127.0.0.1, each with an account of its own and one request
 * at a time, for some seconds or a number of requests. One thread over epoll, so that it takes little of the machine.
 *
 *   load PORT PATH ACCOUNTS CONNECTIONS SECONDS COUNT get|unchanged|BODY
 *
 * ACCOUNTS: lines "token device version". BODY: a file that is PUT, with each @BASE@ replaced by the version that the last
 * answer gave, @OP@ by a fresh operation id and @NUMBER@ by ten digits that count on. COUNT 0: until the time is over.
 * Prints one JSON object. An answer that isn't the expected one ends it with status 1. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load_http.h"

#define CONNECTIONS 256
#define LATENCIES 4000000
#define GRACE_SECS 120 /* for the last answers */

struct connection {
	int fd;
	char token[64], device[65];
	long long version;
	char *request;
	size_t length, capacity, sent, prefix;
	int64_t begun_us;
	struct load_response response;
};

static struct {
	const char *path, *body;
	size_t body_length;
	int port, expected, epoll;
	bool unchanged, put;
	long long count, started, finished;
	int64_t ends_us;
	uint64_t bytes;
} plan;

static struct connection connections[CONNECTIONS];
static size_t connection_count;
static uint32_t *latencies;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "load: %s: %s\n", what, why);
	exit(1);
}

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- requests ------------------------------------------------------------------------------------------------------ */

static void add(struct connection *connection, const char *bytes, size_t length)
{
	if (connection->length + length > connection->capacity) {
		connection->capacity = (connection->length + length) * 2;
		connection->request = realloc(connection->request, connection->capacity);
		if (!connection->request)
			fail("request", "no memory");
	}
	memcpy(connection->request + connection->length, bytes, length);
	connection->length += length;
}

static void add_text(struct connection *connection, const char *text) { add(connection, text, strlen(text)); }

/* Appends what a marker stands for; returns the marker's length, 0 if there is none. */
static size_t add_marker(struct connection *connection, const char *at)
{
	static unsigned long long number;
	char text[64];
	if (strncmp(at, "@BASE@", 6) == 0) {
		snprintf(text, sizeof(text), "%lld", connection->version);
		add_text(connection, text);
		return 6;
	}
	if (strncmp(at, "@OP@", 4) == 0) {
		snprintf(text, sizeof(text), "load-%d-%016llu", (int)getpid(), ++number);
		add_text(connection, text);
		return 4;
	}
	if (strncmp(at, "@NUMBER@", 8) == 0) {
		snprintf(text, sizeof(text), "%010llu", (unsigned long long)now_us() % 10000000000u);
		add_text(connection, text);
		return 8;
	}
	return 0;
}

static void add_body(struct connection *connection)
{
	const char *at = plan.body, *end = plan.body + plan.body_length;
	while (at < end) {
		const char *marker = memchr(at, '@', (size_t)(end - at));
		add(connection, at, (size_t)((marker ? marker : end) - at));
		if (!marker)
			break;
		size_t length = add_marker(connection, marker);
		if (length == 0)
			add(connection, marker, length = 1);
		at = marker + length;
	}
}

/* The body's length isn't known before it is there: its place is filled in afterwards. */
static void write_request(struct connection *connection)
{
	char text[512];
	connection->length = connection->sent = 0;
	snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nX-Device-Id: %s\r\n",
		plan.put ? "PUT" : "GET", plan.path, connection->token, connection->device);
	add_text(connection, text);
	if (plan.unchanged) {
		snprintf(text, sizeof(text), "If-None-Match: \"%lld\"\r\n", connection->version);
		add_text(connection, text);
	}
	if (plan.put) {
		add_text(connection, "Content-Type: application/json\r\nContent-Length: ");
		size_t place = connection->length;
		add_text(connection, "0000000000\r\n\r\n");
		size_t head = connection->length;
		add_body(connection);
		snprintf(text, sizeof(text), "%010zu", connection->length - head);
		memcpy(connection->request + place, text, 10);
	} else {
		add_text(connection, "\r\n");
	}
}

/* --- connections --------------------------------------------------------------------------------------------------- */

static void watch(struct connection *connection, int operation, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = connection };
	if (epoll_ctl(plan.epoll, operation, connection->fd, &event) != 0)
		fail("epoll", strerror(errno));
}

static void open_connection(struct connection *connection)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)plan.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;
	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		fail("connect", strerror(errno));
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	watch(connection, EPOLL_CTL_ADD, EPOLLIN);
}

static void send_some(struct connection *connection)
{
	while (connection->sent < connection->length) {
		ssize_t sent = send(connection->fd, connection->request + connection->sent, connection->length - connection->sent,
			MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN) {
			watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
			return;
		}
		if (sent < 0)
			fail("send", strerror(errno));
		connection->sent += (size_t)sent;
	}
	watch(connection, EPOLL_CTL_MOD, EPOLLIN);
}

/* Begins the next request if there is to be one. */
static void begin(struct connection *connection)
{
	if ((plan.count && plan.started >= plan.count) || now_us() >= plan.ends_us)
		return;
	plan.started++;
	write_request(connection);
	load_response_begin(&connection->response);
	connection->begun_us = now_us();
	send_some(connection);
}

static void note_answer(struct connection *connection)
{
	struct load_response *response = &connection->response;
	const char *version = strstr(response->kept, "\"updatedAt\":");
	if (response->status != plan.expected) {
		fprintf(stderr, "load: status %d: %.*s\n", response->status, (int)response->kept_length, response->kept);
		exit(1);
	}
	if (plan.put && response->kept_length && version)
		connection->version = strtoll(version + strlen("\"updatedAt\":"), NULL, 10);
	if (plan.finished < LATENCIES)
		latencies[plan.finished] = (uint32_t)(now_us() - connection->begun_us);
	plan.finished++;
	plan.bytes += response->body_bytes;
}

static void receive(struct connection *connection)
{
	static char bytes[256 * 1024];
	ssize_t got = recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0)
		fail("recv", got == 0 ? "the server hung up" : strerror(errno));
	int state = load_response_take(&connection->response, bytes, (size_t)got);
	if (state < 0)
		fail("answer", "not HTTP/1.1");
	if (state == 0)
		return;
	note_answer(connection);
	if (connection->response.close) {
		close(connection->fd);
		open_connection(connection);
	}
	begin(connection);
}

static void run(void)
{
	struct epoll_event events[CONNECTIONS];
	for (size_t i = 0; i < connection_count; i++)
		begin(&connections[i]);
	while (plan.finished < plan.started) {
		int count = epoll_wait(plan.epoll, events, CONNECTIONS, 1000);
		if (now_us() > plan.ends_us + (int64_t)GRACE_SECS * 1000000)
			fail("time", "answers are missing");
		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;
			if (events[i].events & EPOLLOUT)
				send_some(connection);
			if (events[i].events & ~(uint32_t)EPOLLOUT)
				receive(connection);
		}
	}
}

/* --- what is asked and told ---------------------------------------------------------------------------------------- */

static char *read_file(const char *path, size_t *length_r)
{
	FILE *file = fopen(path, "rb");
	if (!file || fseek(file, 0, SEEK_END) != 0)
		fail(path, strerror(errno));
	long length = ftell(file);
	char *bytes = malloc((size_t)length + 16); /* markers are compared beyond the end */
	rewind(file);
	if (!bytes || fread(bytes, 1, (size_t)length, file) != (size_t)length)
		fail(path, "can't be read");
	memset(bytes + length, 0, 16);
	fclose(file);
	*length_r = (size_t)length;
	return bytes;
}

static void read_accounts(const char *path, size_t count)
{
	FILE *file = fopen(path, "r");
	if (!file)
		fail(path, strerror(errno));
	for (size_t i = 0; i < count; i++) {
		struct connection *connection = &connections[i];
		if (fscanf(file, "%63s %64s %lld", connection->token, connection->device, &connection->version) != 3)
			fail(path, "fewer accounts than connections");
		open_connection(connection);
	}
	connection_count = count;
	fclose(file);
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return left < right ? -1 : left > right;
}

static void report(int64_t us)
{
	size_t count = (size_t)(plan.finished < LATENCIES ? plan.finished : LATENCIES);
	qsort(latencies, count, sizeof(latencies[0]), compare);
	printf("{\"requests\":%lld,\"seconds\":%.6f,\"bytes\":%llu,\"p50Us\":%u,\"p95Us\":%u,\"p99Us\":%u,\"versions\":[",
		plan.finished, (double)us / 1e6, (unsigned long long)plan.bytes, count ? latencies[count / 2] : 0,
		count ? latencies[count * 95 / 100] : 0, count ? latencies[count * 99 / 100] : 0);
	for (size_t i = 0; i < connection_count; i++)
		printf("%s%lld", i ? "," : "", connections[i].version);
	printf("]}\n");
}

int main(int argc, char **argv)
{
	if (argc != 8)
		fail("usage", "load PORT PATH ACCOUNTS CONNECTIONS SECONDS COUNT get|unchanged|BODY");
	long wanted = strtol(argv[4], NULL, 10);
	if (wanted < 1 || wanted > CONNECTIONS)
		fail("CONNECTIONS", "1 to 256");
	plan.port = (int)strtol(argv[1], NULL, 10);
	plan.path = argv[2];
	plan.count = strtol(argv[6], NULL, 10);
	plan.unchanged = strcmp(argv[7], "unchanged") == 0;
	plan.put = !plan.unchanged && strcmp(argv[7], "get") != 0;
	plan.expected = plan.unchanged ? 304 : 200;
	plan.epoll = epoll_create1(EPOLL_CLOEXEC);
	latencies = malloc(LATENCIES * sizeof(latencies[0]));
	if (plan.put)
		plan.body = read_file(argv[7], &plan.body_length);
	if (plan.epoll < 0 || !latencies)
		fail("start", strerror(errno));
	read_accounts(argv[3], (size_t)wanted);
	int64_t begun_us = now_us();
	plan.ends_us = begun_us + (int64_t)(strtod(argv[5], NULL) * 1e6);
	run();
	report(now_us() - begun_us);
	return 0;
}
