// The explorer in a frame has the colours of the page, also after they were changed.
document.addEventListener("DOMContentLoaded", () => {
  const frames = document.querySelectorAll("iframe.explorer");
  const tell = () => frames.forEach((frame) => frame.contentWindow.postMessage({ theme: document.body.dataset.theme }, "*"));
  frames.forEach((frame) => frame.addEventListener("load", tell));
  new MutationObserver(tell).observe(document.body, { attributes: true, attributeFilter: ["data-theme"] });
  tell();
});
