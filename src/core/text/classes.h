/* What a code point is for the cutting of text into words. */
#ifndef SL_CORE_TEXT_CLASSES_H
#define SL_CORE_TEXT_CLASSES_H

#include <stdint.h>

enum sl_text_class {
	SL_CLASS_WORD,     /* letters and digits of scripts that put blanks between words, and their marks */
	SL_CLASS_BLANK,    /* white space, but no line end */
	SL_CLASS_LINE_END, /* LF; CR belongs to it only before LF and is a sign elsewhere */
	SL_CLASS_SIGN,     /* punctuation, symbols, emoji */
	SL_CLASS_SOLO,     /* letters of scripts without blanks between words: a word each */
	SL_CLASS_EXTEND,   /* belongs to what stands before it: marks, joiners, skin tones, invisible controls */
	SL_CLASS_REGIONAL  /* two of them are a flag */
};

enum sl_text_class sl_text_class_of(uint32_t point);

/* How letters that stand for themselves make words. */
enum sl_text_script {
	SL_SCRIPT_OTHER,     /* no such letter */
	SL_SCRIPT_SYLLABLES, /* Chinese, Japanese, Yi: a word has one letter or a few */
	SL_SCRIPT_RUNS       /* Thai, Lao, Burmese, Khmer …: only a dictionary tells where in a run of letters a word ends */
};

enum sl_text_script sl_text_script_of(uint32_t point);

#endif
