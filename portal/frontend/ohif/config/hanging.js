// Our hanging of a study beside a prior: the same kind of series on both sides (PS3.3 §C.23).
const ID = "consilium.priors";
const STACK = { viewportType: "stack", toolGroupId: "default", allowUnmatchedView: true };

// Whether a series is like the one hung for the current study; called with the rule as `this`, as OHIF calls its own.
function asBeside(displaySet, { displaySetMatchDetails, displaySets }) {
  const beside = displaySetMatchDetails.get("current");
  const shown = beside && displaySets.find((one) => one.displaySetInstanceUID === beside.displaySetInstanceUID);
  return Boolean(shown) && shown[this.besideAttribute] === displaySet[this.besideAttribute];
}

const ofStudy = (index) => [
  { attribute: "studyInstanceUIDsIndex", from: "options", required: true, constraint: { equals: { value: index } } },
];

const withPictures = [
  { attribute: "numImageFrames", required: true, constraint: { greaterThan: { value: 0 } } },
  { attribute: "isDisplaySetFromUrl", weight: 40, constraint: { equals: true } },
  { attribute: "isReconstructable", weight: 10, constraint: { equals: { value: true } } },
];

const likeBeside = ["Modality", "SeriesDescription"].map((besideAttribute, place) => ({
  attribute: "asBeside", besideAttribute, weight: place ? 20 : 30, constraint: { equals: { value: true } },
}));

const viewport = (id, index = 0) => ({
  viewportOptions: STACK,
  displaySets: [{ id, matchedDisplaySetsIndex: index }],
});

const stage = (name, rows, viewports) => ({
  name,
  stageActivation: { enabled: { minViewportsMatched: viewports.length } },
  viewportStructure: { layoutType: "grid", properties: { rows, columns: 2 } },
  viewports,
});

const protocol = {
  id: ID,
  name: "Current and prior",
  description: "The current study on the left, an earlier one of the same kind on the right",
  numberOfPriorsReferenced: 1,
  protocolMatchingRules: [],
  toolGroupIds: ["default"],
  displaySetSelectors: {
    current: { studyMatchingRules: ofStudy(0), seriesMatchingRules: withPictures },
    prior: { studyMatchingRules: ofStudy(1), seriesMatchingRules: [...withPictures, ...likeBeside] },
  },
  defaultViewport: viewport("current", -1),
  stages: [
    stage("side-by-side", 1, [viewport("current"), viewport("prior")]),
    stage("two-of-each", 2, [viewport("current"), viewport("prior"), viewport("current", 1), viewport("prior", 1)]),
  ],
};

export const hanging = {
  id: "consilium",
  version: "1",
  preRegistration({ servicesManager }) {
    const { hangingProtocolService } = servicesManager.services;
    hangingProtocolService.addCustomAttribute("asBeside", "Same as the series shown beside it", asBeside);
  },
  getHangingProtocolModule: () => [{ name: ID, protocol }],
};
