// The lists at the left; one is shown at a time.

const tabs = [...document.querySelectorAll("[role=tab]")];
const listeners = new Map();

// What is done when a tab is opened, such as asking the server for what it lists.
export function onTab(id, open) {
  listeners.set(id, open);
}

// What is done when any tab is opened.
const anyListeners = [];

export function onAnyTab(open) {
  anyListeners.push(open);
}

export function openTab(id) {
  for (const tab of tabs) {
    const isOpen = tab.getAttribute("aria-controls") === id;
    tab.setAttribute("aria-selected", String(isOpen));
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !isOpen;
  }
  document.body.dataset.tab = id;
  listeners.get(id)?.();
  for (const open of anyListeners) open();
}

export function isTabOpen(id) {
  return !document.getElementById(id).hidden;
}

for (const tab of tabs) {
  tab.addEventListener("click", () => {
    openTab(tab.getAttribute("aria-controls"));
    // Keys go on meaning what they mean for the video.
    tab.blur();
  });
}
