// Every text of a page: [text, contrast as WCAG 2 defines it, font size in pixels on the screen, pixels beyond its figure].
() => {
  const colour = (text) => {
    const parts = (text.match(/rgba?\(([^)]+)\)/) ?? ["", "0,0,0,0"])[1].split(/[ ,/]+/).map(Number);
    return [...parts.slice(0, 3), parts[3] ?? 1];
  };
  const over = (top, below) => [0, 1, 2].map((k) => top[k] * top[3] + below[k] * (1 - top[3])).concat(1);
  const linear = (part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, k) => sum + weight * linear(c[k] / 255), 0.05);
  const contrast = (a, b) => Math.max(light(a), light(b)) / Math.min(light(a), light(b));
  const parents = (element) => (element ? [element, ...parents(element.parentElement)] : []);
  const opacity = (element) => parents(element).reduce((all, one) => all * Number(getComputedStyle(one).opacity), 1);
  const filled = (element) => {
    const style = getComputedStyle(element);
    const found = colour(style.fill);
    return [...found.slice(0, 3), found[3] * Number(style.fillOpacity) * opacity(element)];
  };
  const ground = (element) =>
    parents(element).map((one) => colour(getComputedStyle(one).backgroundColor)).reduceRight(
      (below, top) => over(top, below), [255, 255, 255, 1]);
  const under = (element, svg, x, y) => {
    let found = ground(svg);
    for (const shape of svg.querySelectorAll("path, rect, polygon, circle, use")) {
      const box = shape.getBoundingClientRect();
      const before = shape.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (!before || shape.closest("defs") || x < box.left || x > box.right || y < box.top || y > box.bottom) continue;
      const inside = new DOMPoint(x, y).matrixTransform(shape.getScreenCTM().inverse());
      if (shape.isPointInFill?.(inside)) found = over(filled(shape), found);
    }
    return found;
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    const box = element.getBoundingClientRect();
    if (!text || !box.width || !box.height || element.closest("title, desc, style, script")) continue;
    const svg = element.closest("svg");
    const size = parseFloat(getComputedStyle(element).fontSize);
    if (svg) {
      const turn = element.getScreenCTM();
      const middle = (box.top + box.bottom) / 2;
      const grounds = [0.02, 0.25, 0.5, 0.75, 0.98].map((k) => under(element, svg, box.left + k * box.width, middle));
      const worst = Math.min(...grounds.map((one) => contrast(over(filled(element), one), one)));
      const frame = svg.getBoundingClientRect();
      const outside = Math.max(frame.left - box.left, box.right - frame.right, 0);
      texts.push([text, worst, size * Math.sqrt(Math.abs(turn.a * turn.d - turn.b * turn.c)), outside]);
    } else {
      const ink = colour(getComputedStyle(element).color);
      const below = ground(element);
      texts.push([text, contrast(over([...ink.slice(0, 3), ink[3] * opacity(element)], below), below), size, 0]);
    }
  }
  return { texts, beyond: document.documentElement.scrollWidth - document.documentElement.clientWidth };
};
