// A click on a link to another site of the list goes there by way of its "begin", so that the
// session follows. The link itself stays as it is: it is changed for the click alone.
(() => {
  "use strict";
  const sites = [/*SITES*/].map((site) => ({
    name: site.replace(/^https?:\/\//, ""),
    origin: new URL(site.includes("://") ? site : `${location.protocol}//${site}`).origin,
  }));
  const prefix = "/*PREFIX*/";
  const own = sites.find((site) => site.origin === location.origin);
  if (!own) return;

  const linkOf = (event) => event.composedPath().find((node) =>
    node instanceof Element && /^(a|area)$/i.test(node.localName) && node.href);

  const follow = (event) => {
    if (event.defaultPrevented || event.button > 1) return;
    const link = linkOf(event);
    if (!link || link.hasAttribute("download")) return;

    // In SVG, href is an object.
    const href = link.href.baseVal ?? link.href;
    if (!URL.canParse(href, document.baseURI)) return;
    const url = new URL(href, document.baseURI);
    const site = sites.find((other) => other.origin === url.origin);
    if (!site || site === own || url.username || url.password) return;
    if (url.pathname.startsWith("//") || url.pathname.startsWith(prefix)) return;
    // A longer one would not come back.
    if ((url.pathname + url.search).length > 1500) return;
    // In a frame nothing can be fetched: redirects are for the whole window alone.
    const base = document.querySelector("base[target]");
    const target = (link.getAttribute("target") ?? base?.target ?? "").toLowerCase();
    if (self !== top && target !== "_top" && target !== "_blank") return;
    if (target && !target.startsWith("_")) return;

    const next = encodeURIComponent(url.pathname + url.search);
    const begin = `${prefix}begin?from=${encodeURIComponent(own.name)}&next=${next}`;
    const before = link.getAttribute("href");
    link.setAttribute("href", site.origin + begin + url.hash);
    setTimeout(() => {
      if (before === null) link.removeAttribute("href");
      else link.setAttribute("href", before);
    }, 0);
  };

  // While the click bubbles up the page's own scripts have had their say, and routers saw the link
  // as it is written.
  addEventListener("click", follow);
  addEventListener("auxclick", follow);
})();
