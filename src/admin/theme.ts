import type { ThemeOverride } from '@adminjs/design-system';

/** Colours for what AdminJS draws itself; our own parts take theirs from panel.css, which has the same values. */
export const theme: Partial<ThemeOverride> = {
  colors: {
    primary100: '#2f4bd8',
    primary80: '#4b64e3',
    primary60: '#8496ee',
    primary40: '#b6c1f6',
    primary20: '#e3e8fd',
    accent: '#2f4bd8',
    text: '#172033',
    grey100: '#172033',
    grey80: '#3b4560',
    grey60: '#59637c',
    grey40: '#aab2c5',
    grey20: '#eef1f6',
    border: '#e1e5ee',
    inputBorder: '#8b95ab',
    bg: '#f6f7fb',
    container: '#ffffff',
    sidebar: '#ffffff',
    error: '#b3182d',
    success: '#11704a',
    warning: '#8a5300',
  },
};
