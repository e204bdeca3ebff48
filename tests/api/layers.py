"""Reads the C sources and tells where they break the rules of their layers: who may include what, which functions
nobody calls, where SQL stands. Every check takes the root of a tree and returns complaints, each beginning with
"file:line: ".
"""
import glob
import os
import re

CORE_SYSTEM = {"jansson.h", "xxhash.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdalign.h", "stdarg.h",
               "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h"}
# The rooms of the core, and those of whose headers each may include any.
CORE_ROOMS = {}
for _room in ("base", "json", "schema", "rows", "delta"):
    CORE_ROOMS[_room] = set(CORE_ROOMS)
CORE_ROOMS |= {"text": {"base"}, "commit": set(CORE_ROOMS), "screenplay": set(CORE_ROOMS) - {"delta"} | {"text"},
               "merge": set(CORE_ROOMS) | {"text"}}
CORE_ROOMS["engine"] = set(CORE_ROOMS) - {"commit", "screenplay"}
DATABASE_HEADERS = {"mysql.h", "errmsg.h", "mysqld_error.h"}
DATABASE_ROOMS = {"connection", "db", "db_inside", "fault", "migrate", "stmt", "stmt_bulk", "tx"}
HTTP_HEADERS = {"fcgiapp.h", "fcgi_stdio.h", "fcgios.h"}
BANNED = ("strcpy", "strcat", "sprintf", "vsprintf", "gets", "strtok", "atoi", "atol", "atoll", "atof", "alloca",
          "system", "popen", "mktemp", "tmpnam", "rand", "srand", "scanf", "sscanf", "setjmp", "longjmp")
BANNED_IN_CORE = ("printf", "fprintf", "puts", "fputs", "fopen", "fread", "fwrite", "getenv", "exit", "abort", "time",
                  "clock", "clock_gettime", "gettimeofday", "random", "getrandom")
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|REPLACE|DELETE|CREATE|DROP|ALTER|TRUNCATE|SET|WHERE|VALUES|UNION|COMMIT|"
                 r"ROLLBACK|START|GRANT|LOCK|CALL|PREPARE|EXECUTE)\b|"
                 r"(?i:select\s.*\sfrom|insert\s+into|delete\s+from|update\s.*\sset)\b")
VARIABLE = re.compile(r"^static\s+(?!const\b|inline\b)[^;({]*(=|;|\[)|"
                      r"^(?!static\b|const\b|typedef\b)[a-z][\w \t*]*\b\w+\s*(=|;)", re.M)
# Literals that may be: methods of HTTP, and the few statements that come before or around prepared ones. None of them
# takes data.
SQL_ALLOWED = {
    "connection.c": re.compile(r"SET SESSION |SELECT MAX\(version\) FROM schema_migrations$|"
                               r" \(create it: CREATE DATABASE"),
    "db.c": re.compile(r"SELECT @@max_allowed_packet$"),
    "migrate.c": re.compile(r"SELECT (GET|RELEASE)_LOCK\(|CREATE TABLE IF NOT EXISTS schema_migrations |"
                            r"INSERT INTO schema_migrations | VALUES \(\?, \?,| name VARCHAR| ENGINE="),
    "tx.c": re.compile(r"(COMMIT|ROLLBACK|START TRANSACTION [A-Z ,]+|SET TRANSACTION ISOLATION LEVEL REPEATABLE READ)$|"
                       r"no answer to COMMIT$|The database couldn't commit"),
}
METHOD = re.compile(r"DELETE$")
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def sources(root, folder="src", pattern="*"):
    """Paths below the root, generated files left out."""
    return sorted(path for kind in ("c", "h", "def")
                  for path in glob.glob(f"{root}/{folder}/**/{pattern}.{kind}", recursive=True))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def complaint(root, path, text, at, what):
    return f"{os.path.relpath(path, root)}:{text.count(chr(10), 0, at) + 1}: {what}"


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def code_of(path):
    """The text without comments and literals, each replaced by as many blanks."""
    return TOKEN.sub(blank, read(path))


def room_of(path):
    return os.path.splitext(os.path.basename(path))[0]


def includes_of(path):
    """(offset, name, quoted?) of each #include."""
    text = re.sub(r"/\*.*?\*/", blank, read(path), flags=re.S)
    return [(m.start(), m[2], m[1] == '"') for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)', text,
                                                                re.M)]


def reached(root, path, seen=None):
    """Everything that a file includes, directly or not."""
    seen = set() if seen is None else seen
    for _, name, quoted in includes_of(path):
        inner = f"{root}/src/{name}"
        if name not in seen:
            seen.add(name)
            if quoted and os.path.exists(inner):
                reached(root, inner, seen)
    return seen


def include_faults(root, path):
    """What a file includes itself, against the table of architecture.md."""
    layer, room = os.path.relpath(path, f"{root}/src").split(os.sep)[0], room_of(path)
    for at, name, quoted in includes_of(path):
        if name == "config.h":  # configure's answers
            continue
        if layer == "core" and (quoted and not name.startswith("core/") or not quoted and name not in CORE_SYSTEM):
            yield at, f"the core includes {name}"
        if quoted and not name.startswith(("core/", "server/", "web/wasm/")):
            yield at, f"{name} is included without its layer"
        if layer == "web" and name.startswith("server/") or layer != "web" and name.startswith("web/"):
            yield at, f"{layer} includes {name}"
        if name in DATABASE_HEADERS and room not in DATABASE_ROOMS:
            yield at, f"{name} is for the database rooms"
        if name in HTTP_HEADERS and not room.startswith("http"):
            yield at, f"{name} is for the http rooms"
        if room.startswith("http") and name.startswith(("server/db", "server/store", "server/api", "server/stmt",
                                                        "server/push")):
            yield at, f"an http room includes {name}"
        if room in DATABASE_ROOMS | {"store_mariadb", "store_rows",
                                     "history"} and name.startswith(("server/http", "server/api")):
            yield at, f"a database or store room includes {name}"


def check_includes(root):
    found = []
    for path in sources(root):
        found += [complaint(root, path, read(path), at, what) for at, what in include_faults(root, path)]
        if room_of(path).startswith("api"):
            for name in sorted(reached(root, path) & (DATABASE_HEADERS | HTTP_HEADERS)):
                found.append(complaint(root, path, "", 0, f"an api room reaches {name}"))
    return found


def check_core_rooms(root):
    """A room of the core includes only rooms before it."""
    found = []
    for path in sources(root, "src/core"):
        room = os.path.basename(os.path.dirname(path))
        for at, name, quoted in includes_of(path):
            other = name.split("/")[1] if quoted and name.startswith("core/") else room
            if room not in CORE_ROOMS:
                found.append(complaint(root, path, read(path), at, f"nobody said what {room} may include"))
            elif other != room and other not in CORE_ROOMS[room]:
                found.append(complaint(root, path, read(path), at, f"{room} includes {other}"))
    return found


def circle_in(graph):
    """A circle of a graph, which is {node: {successors}}, beginning and ending with the same node; None: it has none."""
    done = set()

    def visit(node, way):
        if node in way:
            return way[way.index(node):] + [node]
        if node in done:
            return None
        done.add(node)
        return next(filter(None, (visit(other, way + [node]) for other in sorted(graph.get(node, ())))), None)
    return next(filter(None, (visit(node, []) for node in sorted(graph))), None)


def check_cycles(root):
    """Neither headers include each other in a circle nor, in the core, files (x.c and x.h are one) or folders."""
    headers, files, folders = {}, {}, {}
    for path in sources(root):
        name, stem = os.path.relpath(path, f"{root}/src"), os.path.relpath(os.path.splitext(path)[0], f"{root}/src")
        others = {other for _, other, quoted in includes_of(path) if quoted and other != "config.h"}
        if path.endswith(".h"):
            headers[name] = others
        if name.startswith("core/"):
            files.setdefault(stem, set()).update({os.path.splitext(other)[0] for other in others} - {stem})
            folder = os.path.dirname(name)
            folders.setdefault(folder, set()).update({os.path.dirname(other) for other in others} - {folder})
    circles = {what: circle_in(graph) for what, graph in
               (("headers", headers), ("files", files), ("folders", folders))}
    return [f"src/{circle[0]}:1: a circle of {what}: {' → '.join(circle)}" for what, circle in circles.items() if circle]


def check_include_order(root):
    """In the core a file's own header comes first, alone; each further group is sorted."""
    found = []
    for path in sources(root, "src/core"):
        text, groups, last = read(path), [], None
        own = os.path.relpath(os.path.splitext(path)[0], f"{root}/src") + ".h"
        for at, name in [(at, name) for at, name, _ in includes_of(path) if name != "config.h"]:
            line = text.count("\n", 0, at)
            if last is None or line > last + 1:
                groups.append([])
            groups[-1].append((at, name))
            last = line
        names = [[name for _, name in group] for group in groups]
        for group, sorted_names in zip(groups, map(sorted, names)):
            if [name for _, name in group] != sorted_names:
                found.append(complaint(root, path, text, group[0][0], "includes aren't sorted"))
        if any(own in group for group in names) and names[0] != [own]:
            found.append(complaint(root, path, text, groups[0][0][0], f"{own} doesn't come first, alone"))
    return found


def check_names(root):
    """A comment of the core that names a file of ours names one that is there."""
    names = {os.path.basename(path) for path in sources(root)} | CORE_SYSTEM | DATABASE_HEADERS | HTTP_HEADERS
    found = []
    for path in sources(root, "src/core"):
        text = read(path)
        for match in TOKEN.finditer(text):
            named = re.findall(r"\b([\w/]+\.(?:c|h|def))\b", match[0]) if match[0][0] == "/" else []
            found += [complaint(root, path, text, match.start(), f"there is no {name}") for name in named
                      if os.path.basename(name) not in names]
    return found


def check_calls(root):
    """Calls of banned functions; those of the core's own list in src/core only."""
    found = []
    for path in sources(root):
        code, core = code_of(path), os.path.relpath(path, root).startswith("src/core/")
        names = BANNED + (BANNED_IN_CORE if core else ())
        for match in re.finditer(rf"(?<![\w.>])({'|'.join(names)})\s*\(", code):
            found.append(complaint(root, path, code, match.start(), f"{match[1]} is banned"))
    return found


def check_globals(root):
    """The core keeps no state: nothing at file scope that can be written."""
    found = []
    for path in sources(root, "src/core"):
        code = code_of(path)
        for match in VARIABLE.finditer(code):
            if not re.match(r"(struct|enum|union|typedef)\s+\w+\s*;", match[0]):
                found.append(complaint(root, path, code, match.start(), "a variable at file scope"))
    return found


def check_sql(root):
    """Statements stand in sql/, named; what may stand in C is listed above, and nothing formats data into it."""
    found = []
    for path in sources(root, "src/server"):
        text, name = read(path), os.path.basename(path)
        for match in TOKEN.finditer(text):
            literal = match[0][1:-1]
            if match[0][0] != '"' or not SQL.search(literal) or METHOD.match(literal):
                continue
            if name not in SQL_ALLOWED or not SQL_ALLOWED[name].match(literal):
                found.append(complaint(root, path, text, match.start(), f"SQL in a literal: {literal[:60]}"))
    return found


def check_statements(root):
    """Every named statement is used, by its name or by a macro that completes it."""
    code = "\n".join(code_of(path) for path in sources(root, "src/server"))
    used = set(re.findall(r"\bSL_SQL_([A-Z_]+)\b", code))
    for prefix, names in re.findall(r"#define (\w+)\(NAME\)((?:.*\\\n)*.*)", code):
        suffixes = re.findall(r"SL_SQL_##NAME##(\w+)", names)
        callers = re.findall(rf"\b{prefix}\((\w+)\)", code)
        used |= {caller + suffix for caller in callers if caller != "NAME" for suffix in suffixes}
    # A macro that is built on another one.
    for outer, inner in re.findall(r"#define (\w+)\(NAME\) (\w+)\(NAME\)", code):
        suffixes = re.findall(r"SL_SQL_##NAME##(\w+)", re.search(rf"#define {inner}\(NAME\)((?:.*\\\n)*.*)", code)[1])
        used |= {caller + suffix for caller in re.findall(rf"\b{outer}\((\w+)\)", code) for suffix in suffixes}
    found = []
    for path in sorted(glob.glob(f"{root}/sql/statements/*.sql")):
        text = read(path)
        for match in re.finditer(r"^-- name: (\w+)$", text, re.M):
            if match[1].upper() not in used:
                found.append(complaint(root, path, text, match.start(), f"nothing runs {match[1]}"))
    return found


def check_lists(root):
    """Every source is built, and so distributed: it stands in a files.am."""
    lists = [path for top in ("src", "tests") for path in glob.glob(f"{root}/{top}/**/*.am", recursive=True)]
    listed = " ".join(read(path).replace("%D%", os.path.relpath(os.path.dirname(path), root)) for path in lists)
    names = set(re.findall(r"\b(?:src|tests)/[\w/]+\.(?:c|h|def|py|sql)\b", listed))
    files = sources(root) + sources(root, "tests") + glob.glob(f"{root}/tests/**/*.py", recursive=True)
    paths = sorted(os.path.relpath(path, root) for path in files)
    return [f"{path}:1: stands in no files.am" for path in paths if path not in names]


def check_sizes(root):
    """A file is one room."""
    lengths = {path: read(path).count("\n") for path in sources(root)}
    return [f"{os.path.relpath(path, root)}:1: {lines} lines" for path, lines in lengths.items() if lines > 500]


CHECKS = (check_includes, check_core_rooms, check_cycles, check_include_order, check_names, check_calls, check_globals,
          check_sql, check_statements, check_lists, check_sizes)
