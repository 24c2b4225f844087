/**
 * Which parts of a text X takes for a URL: each weighs 23 characters and is rewritten to a t.co link.
 *
 * With `http://` or `https://` any dotted name whose last label is made of letters; without, an ASCII name that ends in a
 * top-level domain of the list below. Left to itself in the text: a name after @, $, # or a letter (an e-mail address), and
 * punctuation that closes a sentence. The real list of generic domains is longer; a rare one without a protocol counts as text.
 */
export interface RecognisedUrl {
  /** Positions in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** As typed. */
  readonly url: string;
}

const COUNTRIES =
  'ac ad ae af ag ai al am an ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv bw by bz ' +
  'ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et eu fi fj fk fm fo fr ' +
  'ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ' +
  'ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt ' +
  'mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw ' +
  'sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tp tr tt tv tw tz ' +
  'ua ug uk um us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw';
const GENERIC =
  'academy aero agency app art asia band bank bar berlin best bike bio biz blog build business buzz cafe camp capital care ' +
  'cash cat center chat church city cloud club codes coffee com community company consulting cool coop country coupons dance ' +
  'date day deals design dev digital direct directory earth edu education email energy events exchange expert express farm ' +
  'fashion film finance fit fm foundation fun fund fyi gallery game games garden gift global gov group guide guru health help ' +
  'holdings host hosting house info ink institute int international international jobs kitchen land law legal life live loan ' +
  'london love ltd market marketing media mil mobi money museum name net network news ngo nyc one online org page paris partners ' +
  'photo photography photos pics plus post press pro productions pub red rent report restaurant review rocks run school science ' +
  'services shop site social software solutions space sport store stream studio style support systems team tech technology tips ' +
  'tokyo tools top tours town travel tube university vegas video vip watch web website wiki win work works world xyz yoga zone';
const TOP_LEVEL = new Set(`${COUNTRIES} ${GENERIC}`.split(' '));

const PATH = String.raw`[\p{Script=Latin}\p{Script=Cyrillic}0-9!*';:=+,.$/%#[\]\-–_~@|&]`;
const PARENTHESES = String.raw`\((?:${PATH}|\(${PATH}+\))+\)`;
const PATH_END = String.raw`[\p{Script=Latin}\p{Script=Cyrillic}0-9+\-=_#/]`;
const QUERY = String.raw`[A-Za-z0-9!?*'@();:&=+$/%#[\]\-_.,~|]`;
const QUERY_END = String.raw`[A-Za-z0-9\-_&=#/]`;
const LATIN_LABEL = String.raw`[\p{Script=Latin}0-9](?:[\p{Script=Latin}0-9_-]*[\p{Script=Latin}0-9])?`;
const LABEL = String.raw`[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}])?`;
/** Ends where the alphabet changes, so that a Japanese sentence may go on right after `.com`. */
const LINKED_TOP_LEVEL = String.raw`(?:xn--[a-z0-9-]+|[a-z]{2,}|(?:(?![a-z])\p{L}\p{M}*){2,})`;
const CANDIDATE = new RegExp(
  [
    String.raw`(?<=^|[^A-Za-z0-9@＠$#＃\uFFFE\uFEFF\uFFFF])`,
    String.raw`(?:(?<linked>https?:\/\/(?:${LABEL}\.)+${LINKED_TOP_LEVEL})|(?<bare>(?:${LATIN_LABEL}\.)+[a-z0-9-]+))`,
    // `example.com@home` and `example.com+1` are no URLs.
    '(?![A-Za-z0-9@+-])',
    String.raw`(?<rest>(?::\d+)?(?:\/(?:(?:${PATH}|${PARENTHESES})*(?:${PATH_END}|${PARENTHESES}))?)?(?:\?${QUERY}*${QUERY_END})?)`,
  ].join(''),
  'giu',
);

export function recogniseUrls(text: string): RecognisedUrl[] {
  return [...text.matchAll(CANDIDATE)].flatMap((match) => {
    const { linked, bare = '' } = match.groups ?? {};
    const start = match.index;
    if (linked !== undefined) return [{ start, end: start + match[0].length, url: match[0] }];
    if (/[-_./]/.test(text.charAt(start - 1))) return [];
    const name = withTopLevel(bare);
    const url = name === bare ? match[0] : name;
    return url === '' ? [] : [{ start, end: start + url.length, url }];
  });
}

/** As much of a name as ends in a top-level domain; '' when nothing does. */
function withTopLevel(name: string): string {
  const labels = name.split('.');
  while (labels.length > 1 && !TOP_LEVEL.has(labels.at(-1)?.toLowerCase() ?? '')) labels.pop();
  return labels.length > 1 ? labels.join('.') : '';
}
