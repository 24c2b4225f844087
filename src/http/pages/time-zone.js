// Preselects the time zone of this computer where nothing was chosen yet. Without scripts the list simply starts at UTC.
const list = document.querySelector('select[data-detect="true"]');
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (list && [...list.options].some((option) => option.value === zone)) list.value = zone;
