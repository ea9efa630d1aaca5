"""What the expert of the demo writes. The words are ours; no patient was ever real."""

from __future__ import annotations

CT_CHEST = {
    "findings": (
        "CT of the chest without contrast, thin slices; prior examinations are not available.\n"
        "Lungs: a solid, well-defined nodule in the right lung and a smaller one in the left lung. No "
        "consolidation, no ground-glass opacity, no interstitial thickening. The airways are patent to the "
        "segmental level.\n"
        "Pleura: no effusion, no thickening, no pneumothorax.\n"
        "Mediastinum and hila: no enlarged lymph nodes by size. The thoracic aorta is of normal calibre; "
        "calcified plaques of the coronary arteries.\n"
        "Chest wall and bones: no suspicious lesion. Upper abdomen, as far as included: unremarkable."
    ),
    "impression": (
        "1. Solid pulmonary nodules on both sides, the largest in the right lung.\n"
        "2. Coronary artery calcification.\n"
        "3. No pneumonia, no effusion, no enlarged lymph nodes."
    ),
    "recommendation": "Compare with earlier images if there are any; otherwise low-dose CT in three months.",
    "is_critical": False,
}
MR_HEAD = {
    "findings": (
        "MR of the head, T1-weighted 3D series; prior examinations are not available.\n"
        "Grey and white matter are well differentiated, without focal signal change in this series. No mass "
        "effect, no midline shift. Ventricles and sulci are of normal width for the age. Midline structures "
        "and the craniocervical junction are regular."
    ),
    "impression": "No focal lesion in the T1-weighted series of the head.",
    "recommendation": "Add T2-weighted, FLAIR and diffusion-weighted series if symptoms persist.",
    "is_critical": False,
}
TEXTS = {"CT": CT_CHEST, "MR": MR_HEAD}
