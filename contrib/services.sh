# Private services in a directory, for scripts of this folder, which source it (bash) after lib.sh.
#
# $dir/pids/NAME holds "pid start-time boot-id" of each service, so that a process that merely got the same number is never
# taken for ours. Each service leads a session of its own: whatever it leaves behind when killed is found by that.

PATH=$PATH:/usr/sbin:/sbin

# The fields of /proc/PID/stat after the command's name (which may hold blanks): 4 is the session, 20 the start time.
proc_field() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	# shellcheck disable=SC2086
	set -- "$2" ${stat##*) }
	shift "$1"
	printf '%s' "$1"
}

# The process id of a service, if it runs and is the one that we started.
service_pid() {
	local pid start boot
	read -r pid start boot 2>/dev/null <"$dir/pids/$1" || return 1
	[ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] && [ "$(proc_field "$pid" 20)" = "$start" ] &&
		[ "$(proc_field "$pid" 1)" != Z ] && printf '%s' "$pid"
}

# What is alive of a service's session although its leader is gone, for example nginx workers whose master was killed.
service_leftovers() {
	local pid start boot other
	read -r pid start boot 2>/dev/null <"$dir/pids/$1" || return 0
	[ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] || return 0
	[ ! -e "/proc/$pid" ] || [ "$(proc_field "$pid" 20)" = "$start" ] || return 0
	for other in /proc/[0-9]*; do
		other=${other#/proc/}
		[ "$(proc_field "$other" 4)" = "$pid" ] && [ "$(stat -c %u "/proc/$other" 2>/dev/null)" = "$(id -u)" ] &&
			[ "$(proc_field "$other" 1)" != Z ] && printf '%s ' "$other"
	done
	return 0
}

# Ends them, and waits until they are gone: they may hold a socket that the next one needs.
kill_leftovers() {
	local leftovers tries=50
	while leftovers=$(service_leftovers "$1") && [ -n "$leftovers" ] && [ $((tries -= 1)) -gt 0 ]; do
		# shellcheck disable=SC2086
		kill -KILL $leftovers 2>/dev/null
		sleep 0.1
	done
}

# service_start NAME LOG COMMAND…: does nothing if it runs already.
service_start() {
	local name=$1 log=$2 pid
	shift 2
	service_pid "$name" >/dev/null && return 0
	kill_leftovers "$name"
	mkdir -p "$dir/pids"
	setsid "$@" >>"$log" 2>&1 </dev/null 9>&- &
	pid=$!
	printf '%s %s %s\n' "$pid" "$(proc_field "$pid" 20)" "$(cat /proc/sys/kernel/random/boot_id)" >"$dir/pids/$name.new"
	mv "$dir/pids/$name.new" "$dir/pids/$name"
}

# service_stop NAME SIGNAL SECONDS: asks, waits, then kills what is left of its session.
service_stop() {
	local name=$1 pid tries=$(($3 * 10))
	[ -e "$dir/pids/$name" ] || return 0
	if pid=$(service_pid "$name"); then
		kill "-$2" "$pid"
		while service_pid "$name" >/dev/null && [ $((tries -= 1)) -gt 0 ]; do
			sleep 0.1
		done
	fi
	kill_leftovers "$name"
	rm -f "$dir/pids/$name"
}

# wait_for SECONDS NAME COMMAND…: until the command succeeds; fails when the time is over or service NAME is gone.
wait_for() {
	local tries=$(($1 * 10)) name=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		service_pid "$name" >/dev/null && [ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.1
	done
}

# Where sockets live: $dir/sockets, or a short directory below /tmp that it links to, since the path of a Unix socket holds
# at most 107 bytes. Sets $sockets to the real path.
make_socket_directory() {
	local link=$dir/sockets
	if [ ${#link} -le 80 ]; then
		mkdir -p "$link"
	elif [ ! -d "$link" ] || [ ! -O "$(readlink -f "$link")" ]; then
		ln -sfn "$(mktemp -d /tmp/slatesync.XXXXXX)" "$link"
	fi
	sockets=$(readlink -f "$link")
}

write_mariadb_config() {
	cat >"$dir/mariadb.cnf" <<TEXT
# Written by contrib/quickstart at each start.
[mariadbd]
datadir = $dir/db
tmpdir = $dir/tmp
socket = $sockets/mariadb.sock
pid-file = $dir/mariadb.pid
log-error = $dir/mariadb.log
skip-networking
skip-name-resolve
character-set-server = utf8mb4
collation-server = utf8mb4_nopad_bin
max-connections = 200
max-allowed-packet = 64M
innodb-buffer-pool-size = 256M
innodb-log-file-size = 256M
innodb-flush-log-at-trx-commit = 1
innodb-rollback-on-timeout = ON
innodb-lock-wait-timeout = 5
TEXT
	[ "$(id -u)" != 0 ] || echo "user = root" >>"$dir/mariadb.cnf"
}

# Creates the data directory under another name first: a half-made one is never used. --force: a host name that can't be
# looked up doesn't matter, since nobody connects over the network.
create_database_files() {
	[ ! -d "$dir/db" ] || return 0
	rm -rf "$dir/db.new"
	mariadb-install-db --defaults-file="$dir/mariadb.cnf" --datadir="$dir/db.new" --skip-test-db --force \
		--auth-root-authentication-method=normal >"$dir/mariadb-install.log" 2>&1 ||
		die "can't create the database; see $dir/mariadb-install.log"
	mv "$dir/db.new" "$dir/db"
}

sql() { mariadb --no-defaults --socket="$sockets/mariadb.sock" --user=root "$@"; }

start_mariadb() {
	mkdir -p "$dir/tmp"
	write_mariadb_config
	create_database_files
	service_start mariadb "$dir/mariadb.log" mariadbd --defaults-file="$dir/mariadb.cnf"
	wait_for 120 mariadb sql -e "SELECT 1" || { tail -n 20 "$dir/mariadb.log" >&2; die "MariaDB doesn't start; see $dir/mariadb.log"; }
}

stop_mariadb() { service_stop mariadb TERM 60; }

# start_nginx PORT APP_SOCKET: the project's own nginx files, on loopback.
start_nginx() {
	local name
	mkdir -p "$dir/nginx/snippets" "$dir/nginx/temp"
	for name in upstream api params headers; do
		sed "s,/run/slatesync/slatesync.sock,$2,; s,/etc/nginx/snippets,$dir/nginx/snippets," \
			"$top/nginx/slatesync-$name.conf" >"$dir/nginx/snippets/slatesync-$name.conf"
	done
	write_nginx_config "$1"
	nginx_command -t -q 2>"$dir/nginx.check" || { cat "$dir/nginx.check" >&2; die "nginx refuses its configuration"; }
	service_start nginx "$dir/nginx.log" nginx -p "$dir/nginx" -c nginx.conf -e "$dir/nginx.log"
}

nginx_command() { nginx -p "$dir/nginx" -c nginx.conf -e "$dir/nginx.log" "$@"; }

write_nginx_config() {
	local name
	{
		echo "# Written by contrib/quickstart at each start."
		[ "$(id -u)" != 0 ] || echo "user root;"
		echo "daemon off;"
		echo "worker_processes auto;"
		echo "pid $dir/nginx/nginx.pid;"
		echo "error_log $dir/nginx.log warn;"
		echo "events { worker_connections 1024; }"
		echo "http {"
		for name in client_body proxy fastcgi uwsgi scgi; do
			echo "	${name}_temp_path $dir/nginx/temp/$name;"
		done
		cat <<TEXT
	include snippets/slatesync-upstream.conf;
	access_log $dir/access.log slatesync;
	server {
		listen 127.0.0.1:$1;
		error_page 400 414 494 =400 /slatesync-malformed;
		include snippets/slatesync-headers.conf;
		include snippets/slatesync-api.conf;
		location / {
			default_type text/plain;
			return 200 "Slatesync: the API is at /api.\n";
		}
	}
}
TEXT
	} >"$dir/nginx/nginx.conf"
}

stop_nginx() { service_stop nginx QUIT 10; }
