// Keeps the feed page fresh: asks for its two parts every few seconds and replaces what changed.
const EVERY_MS = 2000;
const parts = [...document.querySelectorAll('[data-refresh]')];
const shown = new Map(parts.map((part) => [part, part.innerHTML.trim()]));

async function refresh(part) {
  const response = await fetch(part.dataset.refresh, { headers: { accept: 'text/html' } });
  if (!response.ok) return;
  const markup = (await response.text()).trim();
  // Never pull a form out from under somebody who is using it.
  if (shown.get(part) === markup || part.matches(':focus-within')) return;
  part.innerHTML = markup;
  shown.set(part, markup);
  const status = document.querySelector('#status');
  const count = part.querySelector('[data-count]');
  if (status && count && status.textContent !== count.dataset.count) status.textContent = count.dataset.count;
}

async function tick() {
  if (!document.hidden) {
    const results = await Promise.allSettled(parts.map(refresh));
    document.body.classList.toggle(
      'offline',
      results.some((result) => result.status === 'rejected'),
    );
  }
  setTimeout(tick, EVERY_MS);
}

setTimeout(tick, EVERY_MS);
