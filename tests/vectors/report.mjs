// Results as TAP.

/** @param {string | undefined} text */
function cut(text) {
	return text === undefined ? "nothing, or several things" : text.length > 2000 ? `${text.slice(0, 2000)}…` : text;
}

/** @param {Iterable<{ name: string, passed: boolean, answer: string, expected?: string }>} results */
export function report(results) {
	let count = 0;
	for (const { name, passed, answer, expected } of results) {
		console.log(`${passed ? "ok" : "not ok"} ${++count} - ${name}`);
		if (!passed) {
			console.log(`#   expected: ${cut(expected)}\n#   answer:   ${cut(answer)}`);
			process.exitCode = 1;
		}
	}
	console.log(`1..${count}`);
}
