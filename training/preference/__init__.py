"""Learning from what people preferred: DPO from blind judgements, KTO from approvals and rejections."""
