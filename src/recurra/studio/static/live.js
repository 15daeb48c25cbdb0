// What is live is shown as the server tells it, while the page is looked at; at its end the page is asked anew.
for (const place of document.querySelectorAll("[data-live]")) {
  let source = null;
  const follow = () => {
    source?.close();
    source = null;
    if (document.hidden) {
      return;
    }
    source = new EventSource(place.dataset.live);
    source.addEventListener("live", (event) => {
      place.innerHTML = event.data; // of templates of this server, which escape all texts
    });
    source.addEventListener("end", () => {
      source.close();
      location.reload();
    });
  };
  document.addEventListener("visibilitychange", follow);
  follow();
}
