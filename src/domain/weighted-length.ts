/**
 * How X counts (its "Counting characters" page; twitter-text, configuration 3): 280 at most, where Latin and much
 * punctuation weigh 1 and everything else 2, an emoji 2 however long its sequence, and a web address 23 however long it is.
 *
 * twitter-text's search for addresses takes time with the square of a text's length: seconds for some 30,000 characters.
 * So a long text, which can only be within the limit when addresses make it long, is counted word by word, and only while
 * the answer matters. (Neither an address nor an emoji contains a blank.)
 */
import twitterText from 'twitter-text';

const COUNTED_AS_A_WHOLE = 1500;
/** Longer words are no address: X knows none of more than 4,096 characters. */
const LONGEST_WORD = 4200;
/** Far above what any account may send; from here on characters are counted without their weight. */
const EXACT_UP_TO = 1000;
/** White space as JavaScript knows it, without the byte-order mark, which is no blank to X. */
const BLANKS = /([^\S\ufeff]+)/u;

/** The weight that X counts against its limit. Above 1,000 it may be less than what X would count. */
export function weightedLength(text: string): number {
  if (text.length <= COUNTED_AS_A_WHOLE) return twitterText.parseTweet(text).weightedLength;
  let weight = 0;
  for (const part of text.split(BLANKS)) {
    const exact = weight <= EXACT_UP_TO && part.length <= LONGEST_WORD;
    weight += exact ? twitterText.parseTweet(part).weightedLength : [...part.normalize()].length;
  }
  return weight;
}

/** What X reads as web addresses, as they are written. */
export function webAddresses(text: string): string[] {
  return text.split(BLANKS).flatMap((word) => (word.length > LONGEST_WORD ? [] : twitterText.extractUrls(word)));
}
