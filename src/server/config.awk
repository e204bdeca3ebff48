# Turns config.def, the table of settings, into what people read.
#
#   awk -f config.awk -v mode=man  -v runstatedir=/run config.def   the list of keys for slatesync.conf(5)
#   awk -f config.awk -v mode=file -v runstatedir=/run config.def   an example file, every key at its default
#
# An entry is CONFIG(key, type, unit, default, least, most, secrecy, reload, help), over one or more lines. POSIX awk only.

# Splits an entry's text at commas outside quotes into field[1..9].
function split_entry(text, i, c, quoted, count)
{
	count = 1
	for (i = 1; i in field; i++)
		field[i] = ""
	field[1] = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "\"")
			quoted = !quoted
		if (c == "," && !quoted)
			field[++count] = ""
		else
			field[count] = field[count] c
	}
	return count
}

# The text that adjacent C literals and SL_RUNSTATEDIR give.
function literal(text)
{
	gsub(/SL_RUNSTATEDIR/, "\"" runstatedir "\"", text)
	gsub(/^[ \t]*"|"[ \t]*$/, "", text)
	gsub(/"[ \t]*"/, "", text)
	return text
}

function trim(text)
{
	gsub(/^[ \t]+|[ \t]+$/, "", text)
	return text
}

function sentence(text) { return toupper(substr(text, 1, 1)) substr(text, 2) "." }

function values(type, unit)
{
	if (type == "WORD") {
		gsub(/\|/, ", ", unit)
		return "One of " unit "."
	}
	if (type == "BYTES")
		return "Bytes; k, m and g multiply by 1024."
	if (type == "SECONDS")
		return "Seconds; s, m, h and d are units."
	if (type == "BOOLEAN")
		return "yes or no."
	return ""
}

function print_man(key, type, unit, initial, least, most, reload, help)
{
	gsub(/\\/, "\\e", initial)
	gsub(/`[^`]*`/, "\\fB&\\fP", help)
	gsub(/`/, "", help)
	printf ".It Sy %s\n%s\n", key, sentence(help)
	if (values(type, unit) != "")
		print values(type, unit)
	if (type == "NUMBER")
		printf "From %s to %s.\n", least, most
	printf "Default: %s.\n", initial == "" ? "empty" : "\\fB" initial "\\fP"
	if (reload == "RESTART")
		print "A change needs a restart."
}

function print_file(key, type, unit, initial, help)
{
	gsub(/`/, "", help)
	printf "\n# %s", sentence(help)
	if (type == "WORD") {
		gsub(/\|/, ", ", unit)
		printf " One of %s.", unit
	}
	printf "\n#%s =%s\n", key, initial == "" ? "" : " " initial
}

function finish_entry(text)
{
	sub(/^CONFIG\(/, "", text)
	sub(/\)[ \t]*$/, "", text)
	if (split_entry(text) != 9) {
		printf "%s:%d: an entry has nine parts\n", FILENAME, FNR | "cat 1>&2"
		failed = 1
		exit 1
	}
	if (mode == "man")
		print_man(trim(field[1]), trim(field[2]), literal(field[3]), literal(field[4]), trim(field[5]), trim(field[6]),
			trim(field[8]), literal(field[9]))
	else
		print_file(trim(field[1]), trim(field[2]), literal(field[3]), literal(field[4]), literal(field[9]))
}

BEGIN {
	if (mode == "file")
		print "# slatesync.conf(5): every key at its default, commented out."
}

/^CONFIG\(/ { entry = ""; inside = 1 }
inside { entry = entry $0 }
inside && /\)[ \t]*$/ { inside = 0; finish_entry(entry) }

END {
	if (!failed && inside) {
		printf "%s: the last entry has no end\n", FILENAME | "cat 1>&2"
		exit 1
	}
	if (failed)
		exit 1
}
