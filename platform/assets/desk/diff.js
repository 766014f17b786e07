// What changed between two texts, in words: the look of hone.labeling.diff, while somebody types.

const UNSPACED = "\\u0e00-\\u0eff\\u3040-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff"; // scripts without blanks
const TOKEN = new RegExp(`[${UNSPACED}]|(?:(?![${UNSPACED}])[\\p{L}\\p{N}_])+|\\s+|[^\\p{L}\\p{N}_\\s]`, "gu");
const SENTENCE = /[^.!?\n。]*[.!?\n。]+\s*|[^.!?\n。]+$/gu;
const WORD = /^[\p{L}\p{N}_]/u;
const FARTHEST = 600; // edits; beyond them two texts have too little in common for a path worth its time

const cut = (unit, text) => text.match(unit) || [];

// [op, text] in reading order, what was removed before what was added.
function wordDiff(old, now) {
  if (old === now) return old ? [["same", old]] : [];
  const steps = compared(cut(TOKEN, old), cut(TOKEN, now)) || bySentence(old, now);
  const pieces = [];
  for (const [kept, was, becomes] of joined(steps)) {
    if (kept) pieces.push(["same", was]);
    else {
      if (was) pieces.push(["removed", was]);
      if (becomes) pieces.push(["added", becomes]);
    }
  }
  return pieces;
}

function changedWords(pieces) {
  const words = (op) =>
    pieces.filter((each) => each[0] === op).flatMap((each) => cut(TOKEN, each[1])).filter((each) => WORD.test(each));
  return { added: words("added").length, removed: words("removed").length };
}

// Steps [kept, was, becomes] between two lists of units; null when they are too far apart.
function compared(a, b) {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const middle = shortest(a.slice(start, a.length - end), b.slice(start, b.length - end));
  if (middle === null) return null;
  const same = (units) => (units.length ? [[true, units.join(""), units.join("")]] : []);
  return [...same(a.slice(0, start)), ...middle, ...same(a.slice(a.length - end))];
}

// Myers 1986, "An O(ND) difference algorithm": the furthest place that `d` edits reach on each diagonal `k`.
function shortest(a, b) {
  if (!a.length || !b.length) return a.length || b.length ? [[false, a.join(""), b.join("")]] : [];
  const most = Math.min(a.length + b.length, FARTHEST);
  const reached = new Int32Array(2 * most + 3);
  const middle = most + 1;
  const trace = [];
  for (let d = 0; d <= most; d += 1) {
    trace.push(reached.slice(middle - d - 1, middle + d + 2));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && reached[middle + k - 1] < reached[middle + k + 1]);
      let x = down ? reached[middle + k + 1] : reached[middle + k - 1] + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      reached[middle + k] = x;
      if (x >= a.length && x - k >= b.length) return walked(a, b, trace);
    }
  }
  return null;
}

// The way back from the end, as steps in reading order.
function walked(a, b, trace) {
  const steps = [];
  let [x, y] = [a.length, b.length];
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const before = (k) => trace[d][k + d + 1];
    const k = x - y;
    const down = k === -d || (k !== d && before(k - 1) < before(k + 1));
    const from = d === 0 ? 0 : down ? before(k + 1) : before(k - 1);
    const then = d === 0 ? 0 : from - (down ? k + 1 : k - 1);
    while (x > from && y > then && x > 0 && y > 0) steps.push([true, a[(x -= 1)], b[(y -= 1)]]);
    if (d > 0) steps.push(down ? [false, "", b[(y -= 1)]] : [false, a[(x -= 1)], ""]);
  }
  return steps.reverse();
}

// Texts that differ much: whole sentences first, then the words of those that changed.
function bySentence(old, now) {
  const steps = compared(cut(SENTENCE, old), cut(SENTENCE, now)) || [[false, old, now]];
  return merged(steps).flatMap(([kept, was, becomes]) => {
    if (kept) return [[kept, was, becomes]];
    return compared(cut(TOKEN, was), cut(TOKEN, becomes)) || [[false, was, becomes]];
  });
}

function merged(steps) {
  const found = [];
  for (const [kept, was, becomes] of steps) {
    const last = found[found.length - 1];
    if (last && last[0] === kept) {
      last[1] += was;
      last[2] += becomes;
    } else found.push([kept, was, becomes]);
  }
  return found;
}

// Two changes with nothing but a blank between them are one.
function joined(steps) {
  const runs = merged(steps);
  const found = [];
  runs.forEach(([kept, was, becomes], place) => {
    const blank = kept && place > 0 && place < runs.length - 1 && !was.trim();
    const last = found[found.length - 1];
    if (last && !last[0] && (blank || !kept)) {
      last[1] += was;
      last[2] += becomes;
    } else found.push([kept, was, becomes]);
  });
  return found;
}
