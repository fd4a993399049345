/**
 * The list that one came from: when a photo is opened from a page, the photos that the page lists are kept in this
 * tab, so that the page of the photo leads to the next of them and back. Addresses hold numbers, no names.
 */

const KEPT = "photo list";
const isPhoto = (link) => /^\/photos\/\d+$/.test(new URL(link.href).pathname);

if (!/^\/photos\/\d+$/.test(location.pathname)) {
  for (const kind of ["click", "auxclick"]) {
    document.addEventListener(kind, (event) => {
      const link = event.target.closest?.("main a[href]");
      if (!link || !isPhoto(link)) return;
      const around = link.closest("[data-grid]") ?? link.closest("main");
      const links = [...around.querySelectorAll("a[href]")].filter(isPhoto);
      const addresses = new Map(links.map((each) => [new URL(each.href).pathname, each.getAttribute("href")]));
      const page = location.pathname + location.search;
      sessionStorage.setItem(KEPT, JSON.stringify({ page, addresses: [...addresses.values()] }));
    }, { capture: true });
  }
}
