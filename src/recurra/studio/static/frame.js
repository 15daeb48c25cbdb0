// A document in a frame is as high as it needs to be, so that there is one place to scroll.
for (const frame of document.querySelectorAll("iframe.document")) {
  const fit = () => {
    const inside = frame.contentDocument?.documentElement;
    if (inside) {
      frame.style.height = `${inside.querySelector("body").scrollHeight + 4}px`;
    }
  };
  frame.addEventListener("load", fit);
  addEventListener("resize", fit);
  fit();
}
