# Turns named SQL statements and numbered migrations into C, so that the programs need no data files at run time.
#
#   awk -f generate.awk mode=enum  FILE...   the enum of statement names (statements.h)
#   awk -f generate.awk mode=table FILE...   one initialiser { name, text } for each statement (statements.inc)
#   awk -f generate.awk mode=steps FILE...   one initialiser { version, name, text } for each step (migrations.inc)
#
# A statement begins with a line "-- name: lower_case_name" and ends at the next one; a migration's step ends with ";"
# at the end of a line. Lines that begin with "--" are comments. POSIX awk only.

function fault(text)
{
	printf "%s:%d: %s\n", FILENAME, FNR, text | "cat 1>&2"
	failed = 1
	exit 1
}

function escape(text)
{
	gsub(/\\/, "&&", text) # awks differ about backslashes in a replacement
	gsub(/"/, "\\\"", text)
	gsub(/\?/, "\\?", text)
	gsub(/\t/, " ", text)
	return text
}

function emit()
{
	if (mode == "steps") {
		printf "{ %d, \"%s\",\n%s },\n", version, title, body
	} else if (mode == "table") {
		printf "{ \"%s\",\n%s },\n", name, body
	} else {
		printf "\tSL_SQL_%s,\n", toupper(name)
	}
	body = ""
}

function finish_statement()
{
	if (name == "")
		return
	if (body == "")
		fault("statement " name " is empty")
	emit()
	name = ""
}

function finish_migration()
{
	if (body != "")
		fault("the last step of migration " version " doesn't end with ;")
}

function begin_statement()
{
	finish_statement()
	if (NF != 3 || $3 !~ /^[a-z][a-z0-9_]*$/)
		fault("a statement's name is lower-case letters, digits and _")
	name = $3
	if (name in names)
		fault("statement " name " is defined twice")
	names[name] = 1
}

function begin_migration(parts, count)
{
	finish_migration()
	count = split(FILENAME, parts, "/")
	title = parts[count]
	if (title !~ /^[0-9][0-9][0-9][0-9]_[a-z0-9_]+\.sql$/)
		fault("a migration's file is named NNNN_name.sql")
	if (substr(title, 1, 4) + 0 != version + 1)
		fault("migrations are numbered without a gap, in order")
	version++
	title = substr(title, 6, length(title) - 9)
}

BEGIN {
	body = name = ""
	version = 0
}

NR == 1 && mode == "enum" {
	print "/* Generated from sql/statements: edit there. */"
	print "#ifndef SL_SERVER_STATEMENTS_H"
	print "#define SL_SERVER_STATEMENTS_H\n"
	print "enum sl_sql {"
}

NR == 1 && mode != "enum" { print "/* Generated from sql: edit there. */" }
FNR == 1 && mode == "steps" { begin_migration() }
FNR == 1 && mode != "steps" { finish_statement() }
mode != "steps" && /^-- name:/ { begin_statement(); next }
/^[ \t]*--/ || /^[ \t]*$/ { next }

{
	line = $0
	ends = sub(/;[ \t]*$/, "", line)
	if (mode != "steps" && name == "")
		fault("text before the first \"-- name:\"")
	if (mode != "steps" && name in ended)
		fault("statement " name " goes on after its ;")
	if (ends)
		ended[name] = 1
	body = body (body == "" ? "" : "\n") "\t\"" escape(line) (mode == "steps" && !ends ? "\\n" : ends ? "" : " ") "\""
	if (mode == "steps" && ends)
		emit()
}

END {
	if (failed)
		exit 1
	if (mode == "steps")
		finish_migration()
	else
		finish_statement()
	if (mode == "enum")
		print "\tSL_SQL_COUNT\n};\n\n#endif"
}
