// Random numbers that are the same on every machine (xorshift32).

/**
 * @param {number} seed
 * @returns {() => number} whole numbers of 32 bits, never 0
 */
export function random(seed) {
	let state = seed >>> 0 || 1;
	return () => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>>= 0);
	};
}
