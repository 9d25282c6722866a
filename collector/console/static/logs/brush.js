// Drag over a chart to choose a time: writes it into the fields below and shows it. The fields do the same without a pointer.
const SVG = "http://www.w3.org/2000/svg";
const LEAST = 4;

export function brush(chart) {
  chart.dataset.brushed = "";
  const plot = chart.querySelector(".plot > svg:last-of-type");
  const form = chart.parentElement.querySelector("[data-range]");
  if (!plot || !form) return;
  let begin = null;
  let box = null;
  const across = (event) => {
    const place = plot.getBoundingClientRect();
    return Math.min(Math.max(event.clientX - place.left, 0), place.width);
  };

  plot.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    begin = across(event);
    plot.setPointerCapture(event.pointerId);
    box = document.createElementNS(SVG, "rect");
    box.setAttribute("class", "brush");
    box.setAttribute("height", "96");
    plot.append(box);
  });
  plot.addEventListener("pointermove", (event) => {
    if (begin === null) return;
    const [low, high] = [begin, across(event)].sort((a, b) => a - b);
    box.setAttribute("x", low);
    box.setAttribute("width", high - low);
  });
  plot.addEventListener("pointerup", (event) => {
    if (begin === null) return;
    const [low, high] = [begin, across(event)].sort((a, b) => a - b);
    begin = null;
    if (high - low < LEAST) return box.remove();
    const width = plot.getBoundingClientRect().width;
    form.elements.from.value = at(chart, low / width);
    form.elements.to.value = at(chart, high / width);
    form.requestSubmit();
  });
  plot.addEventListener("pointercancel", () => {
    begin = null;
    box?.remove();
  });
}

function at(chart, share) {
  const since = BigInt(chart.dataset.since) / 1000000n;
  const until = BigInt(chart.dataset.until) / 1000000n;
  return new Date(Number(since) + Number(until - since) * share).toISOString();
}
