/**
 * Geometry of boxes over a photo: pure functions. A box is {x, y, w, h}, a size {width, height}, a point {x, y}; all
 * are in pixels of the full-size photo, or all in pixels of the screen.
 */

/** The least side of a box that is drawn, as a share of the photo's longer side, and in pixels. */
const LEAST_SHARE = 0.01;
const LEAST = 8;

const within = (value, least, most) => Math.min(Math.max(value, least), most);

/** The least side of a box in a photo. @param {Size} size */
export function leastSide(size) {
  return Math.min(Math.max(LEAST, LEAST_SHARE * Math.max(size.width, size.height)), size.width, size.height);
}

/** A box within the photo, not too small: moved inside before it is cut. */
export function clamped(box, size) {
  const least = leastSide(size);
  const w = within(box.w, least, size.width);
  const h = within(box.h, least, size.height);
  return { x: within(box.x, 0, size.width - w), y: within(box.y, 0, size.height - h), w, h };
}

/** The box between two corners, cut at the edges of the photo; it may be too small to count. */
export function between(from, to, size) {
  const [left, right] = [from.x, to.x].map((x) => within(x, 0, size.width)).sort((a, b) => a - b);
  const [top, bottom] = [from.y, to.y].map((y) => within(y, 0, size.height)).sort((a, b) => a - b);
  return { x: left, y: top, w: right - left, h: bottom - top };
}

/** A box in the middle, to be moved by keys: as large as faces often are. */
export function middle(size) {
  const side = Math.max(leastSide(size), 0.15 * Math.min(size.width, size.height));
  return clamped({ x: (size.width - side) / 2, y: (size.height - side) / 2, w: side, h: side }, size);
}

/** A box moved by a key, or with shift resized about its centre, in steps of a fiftieth of the photo. */
export function byKey(box, key, resize, size) {
  const step = 0.02 * Math.min(size.width, size.height);
  const dx = { ArrowLeft: -step, ArrowRight: step }[key] ?? 0;
  const dy = { ArrowUp: -step, ArrowDown: step }[key] ?? 0;
  if (!resize) return clamped({ ...box, x: box.x + dx, y: box.y + dy }, size);
  const grown = { w: box.w + dx, h: box.h - dy };
  const fresh = clamped({ x: 0, y: 0, ...grown }, size);
  return clamped({ x: box.x - (fresh.w - box.w) / 2, y: box.y - (fresh.h - box.h) / 2, w: fresh.w, h: fresh.h }, size);
}

/** A box of which one of the corners "nw", "ne", "sw", "se" is dragged to a point. */
export function withCorner(box, corner, point, size) {
  const fixed = { x: corner.includes("w") ? box.x + box.w : box.x, y: corner.includes("n") ? box.y + box.h : box.y };
  return between(fixed, point, size);
}

/** Whether a box is large enough to be meant. */
export function counts(box, size) {
  return box.w >= leastSide(size) && box.h >= leastSide(size);
}

/** A point of the screen in pixels of the photo. @param {DOMRect} frame where the photo is on the screen */
export function toPhoto(point, frame, size) {
  return {
    x: ((point.x - frame.left) / frame.width) * size.width, y: ((point.y - frame.top) / frame.height) * size.height,
  };
}

/** Seconds before and after a track that count as part of it, as in pipeline.values.Appearance. */
const AROUND = 0.2;

/**
 * Where a face of a film is at a moment, as if it moved straight between two frames; null if it is not seen.
 * @param {number[][]} track rows of moment, x, y, w, h, by rising moment
 */
export function boxAt(track, moment) {
  const [first, last] = [track[0], track.at(-1)];
  if (moment < first[0] - AROUND || moment > last[0] + AROUND) return null;
  let place = track.findIndex((row) => row[0] >= moment);
  if (place === -1) place = track.length - 1;
  const [after, before] = [track[place], track[Math.max(0, place - 1)]];
  const span = after[0] - before[0];
  const share = span > 0 ? within((moment - before[0]) / span, 0, 1) : 1;
  const [x, y, w, h] = [1, 2, 3, 4].map((each) => before[each] + share * (after[each] - before[each]));
  return { x, y, w, h };
}

/** The area that two boxes share. */
export function shared(a, b) {
  const width = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

/**
 * Where labels of boxes stand: below, above, beside, or at the box where they cover least of all faces and labels.
 * @param {Box[]} boxes @param {{w: number, h: number}[]} labels of the same boxes @param {Size} size
 * @returns {Box[]} inside the photo, in the order of the boxes
 */
export function placed(boxes, labels, size) {
  const taken = [];
  return boxes.map((box, number) => {
    const { w, h } = labels[number];
    const inside = (x, y) => ({ x: within(x, 0, Math.max(0, size.width - w)), y: within(y, 0, Math.max(0, size.height - h)), w, h });
    const centre = box.x + (box.w - w) / 2;
    const places = [
      inside(centre, box.y + box.h + 3), inside(centre, box.y - h - 3), inside(box.x, box.y + box.h + 3),
      inside(box.x, box.y - h - 3), inside(box.x + box.w - w, box.y - h - 3), inside(box.x + box.w + 3, box.y),
      inside(box.x - w - 3, box.y), inside(box.x + box.w + 3, box.y + box.h - h), inside(box.x - w - 3, box.y + box.h - h),
    ];
    const covers = (place) => [...boxes, ...taken].reduce((sum, each) => sum + shared(place, each), 0);
    const costs = places.map(covers);
    const best = places[costs.indexOf(Math.min(...costs))];
    taken.push(best);
    return best;
  });
}
