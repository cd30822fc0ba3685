namespace PolaFormer.Conformance;

/// <summary>Family G: baseline attentions, networks and their training, found by the repository and class that made the case.</summary>
internal static class BaselineCases
{
    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        string repository = fixture.Meta.Field("source")?.Text("repo") ?? "", type = fixture.Meta.Field("source")?.Text("cls") ?? "";
        switch (repository.Split(' ')[0])
        {
            case "lucidrains/performer-pytorch":
                SequenceBaselines.RunPerformer(fixture, comparison);
                break;
            case "HazyResearch/lolcats":
                SequenceBaselines.RunHedgehog(fixture, comparison);
                break;
            case "OpenNLPLab/cosFormer":
                SequenceBaselines.RunCosformer(fixture, comparison);
                break;
            case "mlpen/Nystromformer":
                SequenceBaselines.RunNystromLinear(fixture, comparison);
                break;
            case "pkuzengqi/Skyformer" when !fixture.Has("in.Q"):
                LongRangeArenaCases.Run(fixture, comparison);
                break;
            case "pkuzengqi/Skyformer":
                SkyformerCases.Run(fixture, comparison);
                break;
            case "allenai/longformer":
                SequenceBaselines.RunLongformer(fixture, comparison);
                break;
            case "lucidrains/reformer-pytorch":
                SequenceBaselines.RunReformer(fixture, comparison);
                break;
            case "leaderj1001/Synthesizer-Rethinking-Self-Attention-Transformer-Models":
                SequenceBaselines.RunSynthesizer(fixture, comparison);
                break;
            case "port" when type == "SynthesizerAttention":
                SequenceBaselines.RunFactorizedSynthesizer(fixture, comparison);
                break;
            case "idiap/fast-transformers":
                SequenceBaselines.RunKatharopoulos(fixture, comparison);
                break;
            case "mit-han-lab/efficientvit":
                VisionBaselines.RunMultiscaleRelu(fixture, comparison);
                break;
            case "LeapLabTHU/FLatten-Transformer" when type == "FocusedLinearAttention":
                VisionBaselines.RunFocused(fixture, comparison);
                break;
            case "thuml/MobileAttention":
                VisionBaselines.RunMobile(fixture, comparison);
                break;
            case "cmsflash/efficient-attention":
                VisionBaselines.RunEfficient(fixture, comparison);
                break;
            case "GATECH-EIC/Castling-ViT":
                VisionBaselines.RunAngular(fixture, comparison);
                break;
            case "port" when type == "hydra":
                VisionBaselines.RunHydra(fixture, comparison);
                break;
            case "robflynnyh/hydra-linear-attention":
                VisionBaselines.RunHydraModule(fixture, comparison);
                break;
            case "facebookresearch/deit" or "whai362/PVT" or "microsoft/Swin-Transformer" or "LeapLabTHU/FLatten-Transformer":
                HostCases.Run(fixture, comparison, type);
                break;
            default:
                throw new CapabilityMissingException($"{type} of {repository} is not part of this program");
        }
    }
}
