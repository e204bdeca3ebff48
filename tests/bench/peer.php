<?php
/* The benchmark's peer: /project (GET, If-None-Match, PUT of a delta or a document with a version check, 409) as a LAMP
 * team would write it: PHP-FPM with opcache, mysqli on a persistent connection, one transaction for each write, and a
 * full-document snapshot with each write, of which the last ten are kept. Tables: peer.sql.
 *
 * PEER_SPLICE=1 puts the stored JSON texts together as they are (the faster way, easy here because each row's text is
 * whole); otherwise rows are decoded and the document is encoded, which is what most would write. */
declare(strict_types=1);

mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

const SNAPSHOTS_KEPT = 10;
const ROWS_AT_ONCE = 500;
/* Collection => [table, columns of its key, path in the delta's objects]. */
const TABLES = [
	'scenes' => ['user_project_scenes', 'scene_id'],
	'shots' => ['user_project_shots', 'shot_id'],
	'characters' => ['user_project_characters', 'character_id'],
	'locations' => ['user_project_locations', 'location_id'],
];
const FLAGS = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION;

function answer(int $status, array|string|null $body, ?int $version = null): never
{
	http_response_code($status);
	header('Cache-Control: no-store, private');
	if ($version !== null)
		header("ETag: \"$version\"");
	if ($body !== null) {
		header('Content-Type: application/json');
		$text = is_string($body) ? $body : json_encode($body, FLAGS);
		header('Content-Length: ' . strlen($text));
		echo $text;
	}
	exit;
}

function user(mysqli $db): int
{
	if (!preg_match('/^Bearer ([A-Za-z0-9_-]+)$/', $_SERVER['HTTP_AUTHORIZATION'] ?? '', $match))
		answer(401, ['error' => 'unauthenticated']);
	$hash = hash('sha256', $match[1], true);
	$now = (int)(microtime(true) * 1000);
	$query = $db->prepare('SELECT user_id FROM sessions WHERE token_hash = ? AND expires_at > ?');
	$query->bind_param('si', $hash, $now);
	$query->execute();
	$row = $query->get_result()->fetch_row();
	if (!$row)
		answer(401, ['error' => 'unauthenticated']);
	return (int)$row[0];
}

/* --- reading --- */

/* The stored texts of a table, in order; those of scenes and shots by episode. Ids are integers of ours: no quoting. */
function texts(mysqli $db, string $table, int $user, bool $by_episode): array
{
	$texts = [];
	$columns = $by_episode ? 'episode_id, data' : '0, data';
	$order = $by_episode ? 'episode_id, position' : 'position';
	foreach ($db->query("SELECT $columns FROM $table WHERE user_id = $user ORDER BY $order") as $row) {
		if ($by_episode)
			$texts[$row['episode_id']][] = $row['data'];
		else
			$texts[] = $row['data'];
	}
	return $texts;
}

/* An object's text without its end, for more members. */
function opened(object $object): string
{
	$text = substr(json_encode($object, FLAGS), 0, -1);
	return $text === '{' ? $text : "$text,";
}

/* The document, spliced from texts: an episode's text ends with "}", before which members are added. */
function splice(mysqli $db, int $user, string $meta): string
{
	$scenes = texts($db, 'user_project_scenes', $user, true);
	$shots = texts($db, 'user_project_shots', $user, true);
	$episodes = [];
	foreach ($db->query("SELECT episode_id, data FROM user_project_episodes WHERE user_id = $user ORDER BY position") as $row) {
		$id = $row['episode_id'];
		$episodes[] = substr($row['data'], 0, -1) . ',"scenes":[' . implode(',', $scenes[$id] ?? []) .
			'],"shots":[' . implode(',', $shots[$id] ?? []) . ']}';
	}
	$characters = implode(',', texts($db, 'user_project_characters', $user, false));
	$locations = implode(',', texts($db, 'user_project_locations', $user, false));
	[$fields, $context] = json_decode($meta, false, 64, JSON_THROW_ON_ERROR);
	return opened($fields) . '"context":' . opened($context) . "\"characters\":[$characters],\"locations\":[$locations]}," .
		'"episodes":[' . implode(',', $episodes) . ']}';
}

function decoded(array $texts): array
{
	return array_map(static fn (string $text) => json_decode($text, true, 64, JSON_THROW_ON_ERROR), $texts);
}

/* The document, decoded and encoded again. */
function assemble(mysqli $db, int $user, string $meta): string
{
	$scenes = texts($db, 'user_project_scenes', $user, true);
	$shots = texts($db, 'user_project_shots', $user, true);
	[$document, $context] = json_decode($meta, true, 64, JSON_THROW_ON_ERROR);
	$document['context'] = $context;
	$document['context']['characters'] = decoded(texts($db, 'user_project_characters', $user, false));
	$document['context']['locations'] = decoded(texts($db, 'user_project_locations', $user, false));
	$document['episodes'] = [];
	foreach ($db->query("SELECT episode_id, data FROM user_project_episodes WHERE user_id = $user ORDER BY position") as $row) {
		$episode = json_decode($row['data'], true, 64, JSON_THROW_ON_ERROR);
		$episode['scenes'] = decoded($scenes[$row['episode_id']] ?? []);
		$episode['shots'] = decoded($shots[$row['episode_id']] ?? []);
		$document['episodes'][] = $episode;
	}
	return json_encode($document, FLAGS);
}

function document(mysqli $db, int $user, string $meta): string
{
	return empty($_SERVER['PEER_SPLICE']) ? assemble($db, $user, $meta) : splice($db, $user, $meta);
}

function get_project(mysqli $db, int $user): never
{
	if (isset($_SERVER['HTTP_IF_NONE_MATCH'])) {
		$row = $db->query("SELECT updated_at FROM user_project_meta WHERE user_id = $user")->fetch_row();
		if ($row && $_SERVER['HTTP_IF_NONE_MATCH'] === "\"$row[0]\"")
			answer(304, null, (int)$row[0]);
	}
	$db->begin_transaction(MYSQLI_TRANS_START_READ_ONLY);
	$row = $db->query("SELECT updated_at, data FROM user_project_meta WHERE user_id = $user")->fetch_row();
	if (!$row)
		answer(404, ['error' => 'no_project']);
	$text = document($db, $user, $row[1]);
	$db->commit();
	answer(200, "{\"updatedAt\":$row[0],\"projectData\":$text}", (int)$row[0]);
}

/* --- writing --- */

/* Adds or replaces rows: arrays of values, the same number in each. */
function upsert(mysqli $db, string $table, array $columns, array $rows, string $update): void
{
	foreach (array_chunk($rows, ROWS_AT_ONCE) as $some) {
		$group = '(' . implode(',', array_fill(0, count($columns), '?')) . ')';
		$query = $db->prepare("INSERT INTO $table (" . implode(',', $columns) . ') VALUES ' .
			implode(',', array_fill(0, count($some), $group)) . " ON DUPLICATE KEY UPDATE $update");
		$query->execute(array_merge(...$some));
		$query->close();
	}
}

/* New rows of a delta go behind the others: positions of existing rows stay, since the update doesn't name them. */
function write_rows(mysqli $db, int $user, string $name, array $objects, ?int $episode, bool $keep_position): void
{
	[$table, $id] = TABLES[$name];
	$nested = $name === 'scenes' || $name === 'shots';
	$columns = $nested ? ['user_id', 'episode_id', $id, 'position', 'data'] : ['user_id', $id, 'position', 'data'];
	$rows = [];
	foreach (array_values($objects) as $position => $object) {
		$parent = $episode ?? $object['episodeId'] ?? 0;
		unset($object['episodeId']);
		$tail = [$object['id'], $keep_position ? 1000000 + $position : $position, json_encode($object, FLAGS)];
		$rows[] = $nested ? [$user, $parent, ...$tail] : [$user, ...$tail];
	}
	upsert($db, $table, $columns, $rows, 'data = VALUES(data)');
}

function write_episodes(mysqli $db, int $user, array $episodes, bool $keep_position): void
{
	$rows = [];
	foreach (array_values($episodes) as $position => $episode) {
		foreach (['scenes', 'shots'] as $name)
			if (!empty($episode[$name]))
				write_rows($db, $user, $name, $episode[$name], $episode['id'], false);
		unset($episode['scenes'], $episode['shots']);
		$rows[] = [$user, $episode['id'], $keep_position ? 1000000 + $position : $position, json_encode($episode, FLAGS)];
	}
	upsert($db, 'user_project_episodes', ['user_id', 'episode_id', 'position', 'data'], $rows, 'data = VALUES(data)');
}

function delete_rows(mysqli $db, int $user, array $deleted): void
{
	foreach ($deleted['episodes'] ?? [] as $id)
		foreach (['episodes', 'scenes', 'shots'] as $name)
			$db->execute_query("DELETE FROM user_project_$name WHERE user_id = ? AND episode_id = ?", [$user, $id]);
	foreach (TABLES as $name => [$table, $id])
		foreach ($deleted[$name] ?? [] as $key)
			if (is_array($key))
				$db->execute_query("DELETE FROM $table WHERE user_id = ? AND episode_id = ? AND $id = ?",
					[$user, $key['episodeId'], $key[rtrim($name, 's') . 'Id']]);
			else
				$db->execute_query("DELETE FROM $table WHERE user_id = ? AND $id = ?", [$user, $key]);
}

/* Returns the project-level fields as they are afterwards. */
function apply_delta(mysqli $db, int $user, array $delta, string $meta): string
{
	[$fields, $context] = json_decode($meta, true, 64, JSON_THROW_ON_ERROR);
	if (isset($delta['meta'])) {
		$context = array_merge($context, $delta['meta']['context'] ?? []);
		unset($delta['meta']['context']);
		$fields = array_merge($fields, $delta['meta']);
		$meta = json_encode([(object)$fields, (object)$context], FLAGS);
	}
	if (!empty($delta['episodes']))
		write_episodes($db, $user, $delta['episodes'], true);
	foreach (array_keys(TABLES) as $name)
		if (!empty($delta[$name]))
			write_rows($db, $user, $name, $delta[$name], null, true);
	if (!empty($delta['deleted']))
		delete_rows($db, $user, $delta['deleted']);
	return $meta;
}

function replace_document(mysqli $db, int $user, array $document): string
{
	foreach (['episodes', 'scenes', 'shots', 'characters', 'locations'] as $name)
		$db->query("DELETE FROM user_project_$name WHERE user_id = $user");
	$context = $document['context'] ?? [];
	write_episodes($db, $user, $document['episodes'], false);
	write_rows($db, $user, 'characters', $context['characters'] ?? [], null, false);
	write_rows($db, $user, 'locations', $context['locations'] ?? [], null, false);
	unset($document['episodes'], $document['context'], $context['characters'], $context['locations']);
	return json_encode([(object)$document, (object)$context], FLAGS);
}

function store_snapshot(mysqli $db, int $user, int $version, string $meta): void
{
	$text = document($db, $user, $meta);
	$db->execute_query('INSERT INTO user_project_snapshots (user_id, updated_at, document) VALUES (?, ?, ?)',
		[$user, $version, $text]);
	$old = $db->query("SELECT updated_at FROM user_project_snapshots WHERE user_id = $user ORDER BY updated_at DESC LIMIT " .
		SNAPSHOTS_KEPT . ', 1')->fetch_row();
	if ($old)
		$db->query("DELETE FROM user_project_snapshots WHERE user_id = $user AND updated_at <= $old[0]");
}

function put_project(mysqli $db, int $user): never
{
	try {
		$body = json_decode(file_get_contents('php://input'), true, 64, JSON_THROW_ON_ERROR);
	} catch (JsonException) {
		answer(400, ['error' => 'malformed']);
	}
	if (!is_string($body['opId'] ?? null) || !(isset($body['delta']) xor isset($body['projectData'])))
		answer(422, ['error' => 'invalid']);
	$db->begin_transaction();
	$row = $db->query("SELECT updated_at, last_op_id, data FROM user_project_meta WHERE user_id = $user FOR UPDATE")->fetch_row();
	$current = (int)($row[0] ?? 0);
	if ($row && $row[1] === $body['opId']) {
		$db->rollback();
		answer(200, ['ok' => true, 'updatedAt' => $current, 'replayed' => true], $current);
	}
	if (($body['baseVersion'] ?? 0) !== $current) {
		$text = $row ? document($db, $user, $row[2]) : 'null';
		$db->rollback();
		answer(409, "{\"error\":\"conflict\",\"updatedAt\":$current,\"projectData\":$text}", $current);
	}
	$version = max((int)(microtime(true) * 1000), $current + 1);
	$meta = isset($body['delta']) ? apply_delta($db, $user, $body['delta'], $row[2] ?? '[{},{}]')
		: replace_document($db, $user, $body['projectData']);
	$db->execute_query('INSERT INTO user_project_meta (user_id, updated_at, last_op_id, data) VALUES (?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE updated_at = VALUES(updated_at), last_op_id = VALUES(last_op_id), data = VALUES(data)',
		[$user, $version, $body['opId'], $meta]);
	store_snapshot($db, $user, $version, $meta);
	$db->commit();
	answer(200, ['ok' => true, 'updatedAt' => $version, 'opId' => $body['opId'], 'replayed' => false], $version);
}

$db = new mysqli('p:localhost', $_SERVER['PEER_USER'], $_SERVER['PEER_PASSWORD'], $_SERVER['PEER_DATABASE'], 0,
	$_SERVER['PEER_SOCKET']);
$db->set_charset('utf8mb4');
$user = user($db);
match ($_SERVER['REQUEST_METHOD']) {
	'GET' => get_project($db, $user),
	'PUT' => put_project($db, $user),
	default => answer(405, ['error' => 'method_not_allowed']),
};
