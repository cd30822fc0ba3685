using PolaFormer.Models;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>Names of parameters that a wrapper has put segments of its own into.</summary>
public class WrappedNamesTests
{
    public static readonly TheoryData<string> Prefixes =
    [
        "module.", "_orig_mod.", "model.", "net.", "student.", "backbone.", "encoder.", "module._orig_mod.", "_orig_mod.module.", "module.module.",
        "model.backbone.", "model._orig_mod.module.", "student.module.backbone.", "ema_model.module.", "teacher.", "_forward_module.model.", "_module.",
    ];

    [Theory, MemberData(nameof(Prefixes))]
    public void PrefixesAreDropped(string prefix)
    {
        VisionModel source = SavedModel.Made(), target = SavedModel.Made(seed: 2);
        using Checkpoint checkpoint = SavedModel.Renamed(source, name => prefix + name);
        ModelLoader.LoadStrict(target, checkpoint);
        SavedModel.AssertSameParameters(source, target);
    }

    [Theory]
    [InlineData("layers.0.", "layers.0._orig_mod.")]
    [InlineData("layers.0.", "layers._checkpoint_wrapped_module.0.")]
    [InlineData("layers.", "module.layers._fsdp_wrapped_module.")]
    [InlineData("patch_embed.", "backbone.patch_embed._orig_mod.")]
    public void SegmentsInTheMiddleAreDropped(string segment, string wrapped)
    {
        VisionModel source = SavedModel.Made(), target = SavedModel.Made(seed: 2);
        using Checkpoint checkpoint = SavedModel.Renamed(source, name => name.Replace(segment, wrapped, StringComparison.Ordinal));
        Assert.Contains(checkpoint.Entries, entry => ParameterNames.Unwrap(entry.Name) != entry.Name);
        ModelLoader.LoadStrict(target, checkpoint);
        SavedModel.AssertSameParameters(source, target);
    }

    [Fact]
    public void PrefixesAreDroppedForAStartToo()
    {
        VisionModel source = SavedModel.Made(), target = SavedModel.Made(seed: 2);
        using Checkpoint checkpoint = SavedModel.Renamed(source, name => "student.backbone." + name);
        PretrainedReport report = PretrainedLoader.Load(target, checkpoint);
        Assert.Empty(report.Unexpected);
        Assert.Empty(report.Missing);
        SavedModel.AssertSameParameters(source, target);
    }

    [Fact]
    public void OnlySomeNamesMayBeWrapped()
    {
        VisionModel source = SavedModel.Made(), target = SavedModel.Made(seed: 2);
        using Checkpoint checkpoint = SavedModel.Renamed(source, name => name.StartsWith("head", StringComparison.Ordinal) ? name : "backbone." + name);
        ModelLoader.LoadStrict(target, checkpoint);
        SavedModel.AssertSameParameters(source, target);
    }

    [Fact]
    public void TwoNetworksInOneStateDictAreNotChosenBetween()
    {
        VisionModel source = SavedModel.Made();
        using Checkpoint checkpoint = SavedModel.Open(source, tensor => [SavedModel.Named(tensor, "student." + tensor.Name), SavedModel.Named(tensor, "teacher." + tensor.Name)]);
        foreach (Action load in (Action[])[() => ModelLoader.LoadStrict(source, checkpoint), () => PretrainedLoader.Load(source, checkpoint)])
        {
            string message = Assert.Throws<CheckpointException>(load).Message;
            Assert.Contains("student.", message, StringComparison.Ordinal);
            Assert.Contains("teacher.", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ANetworkWithAPartOfAWrappersNameKeepsIt()
    {
        var names = new NameMatch(["model.weight", "weight"], ["model.weight", "weight"], new Dictionary<string, string> { ["model.weight"] = "weight" });
        Assert.Equal(("model.weight", "weight"), (names.Find("model.weight"), names.Find("weight")));
        names = new NameMatch(["model.weight"], ["student.model.weight"], new Dictionary<string, string> { ["student.model.weight"] = "weight" });
        Assert.Equal("student.model.weight", names.Find("model.weight"));
    }

    [Fact]
    public void OtherPrefixesStayWrong()
    {
        VisionModel source = SavedModel.Made();
        using Checkpoint checkpoint = SavedModel.Renamed(source, name => "decoder." + name);
        Assert.Contains("missing", Assert.Throws<CheckpointException>(() => ModelLoader.LoadStrict(source, checkpoint)).Message, StringComparison.Ordinal);
    }
}
