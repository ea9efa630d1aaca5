// What OHIF is told before it starts: our DICOMweb, our hanging of priors, the person's language, nothing from outside.
import { askAhead } from "./ahead.js";
import { dataSource } from "./data-source.js";
import { hanging } from "./hanging.js";
import { identity } from "./identity.js";
import { locales, phrase, speakAsThePage, word } from "./language.js";
import { leaveThePreview } from "./preview.js";
import { keepQuiet } from "./quiet.js";
import { startAfterTheFirstImage } from "./start.js";
import { sendTheToken } from "./token.js";

window.PUBLIC_URL = PUBLIC_ADDRESS; // set when the site is built
window.browserImportFunction = (address) => import(address);
keepQuiet();
speakAsThePage();
sendTheToken();
leaveThePreview(askAhead());

// What lies over images that are not here is not shown; OHIF asks what to do, and fails where nobody answers.
const withoutItsImages = { missingReferenceDisplaySetHandler: { $set: () => ({ handled: true }) } };

window.config = {
  name: "consilium",
  routerBasename: "/viewer",
  extensions: [hanging],
  modes: [],
  customizationService: [identity, withoutItsImages],
  locales,
  word,
  phrase,
  whiteLabeling: {},
  showStudyList: true,
  showPatientInfo: "visible",
  maxNumberOfWebWorkers: Math.min(4, Math.max(2, (navigator.hardwareConcurrency || 4) - 1)),
  showWarningMessageForCrossOrigin: false,
  showCPUFallbackMessage: true,
  showLoadingIndicator: true,
  strictZSpacingForVolumeViewport: true,
  groupEnabledModesFirst: true,
  investigationalUseDialog: { option: "never" },
  disableConfirmationPrompts: false,
  showErrorDetails: "dev",
  studyPrefetcher: { enabled: true, displaySetsCount: 2, maxNumPrefetchRequests: 6, order: "closest" },
  // One address over HTTP/1.1: a browser opens six connections, whatever more is asked for waits.
  maxNumRequests: { interaction: 12, thumbnail: 4, prefetch: 6 },
  defaultDataSourceName: "consilium",
  dataSources: [dataSource],
  httpErrorHandler: (error) => {
    if (error?.status === 401) window.location.assign("/");
  },
};

startAfterTheFirstImage();
