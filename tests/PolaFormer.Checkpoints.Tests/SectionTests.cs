namespace PolaFormer.Checkpoints.Tests;

/// <summary>Where the weights lie in a file, and what may lie beside them.</summary>
public class SectionTests
{
    [Theory]
    [InlineData("model")]
    [InlineData("state_dict")]
    [InlineData("model_ema")]
    [InlineData("state_dict_ema")]
    [InlineData("module")]
    [InlineData("student")]
    [InlineData("anything")]
    public void AStateDictUnderAnyKeyIsFound(string key)
    {
        using Checkpoint checkpoint = Parse($"}}(S'epoch'\nK\x05S'rng'\n}}S'cpu'\n{TorchFile.Tensor(0, 2)}sS'{key}'\n}}(S'a'\n{TorchFile.Tensor(0, 2)}S'b'\n{TorchFile.Tensor(0, 2)}uu.");
        Assert.Equal(key, checkpoint.Section);
        Assert.Equal(["a", "b"], checkpoint.Entries.Select(entry => entry.Name));
    }

    [Theory]
    [InlineData("model", "model_ema", "model")]
    [InlineData("state_dict_ema", "state_dict", "state_dict")]
    [InlineData("teacher", "student", "student")]
    [InlineData("ema_model", "other", "other")]
    public void TrainedWeightsGoBeforeAveraged(string first, string second, string chosen)
    {
        using Checkpoint checkpoint = Parse($"}}(S'{first}'\n}}S'a'\n{TorchFile.Tensor(0, 2)}sS'{second}'\n}}S'a'\n{TorchFile.Tensor(0, 2)}su.");
        Assert.Equal(chosen, checkpoint.Section);
    }

    [Fact]
    public void AStateDictMayLieALevelDeeper()
    {
        using Checkpoint checkpoint = Parse($"}}(S'epoch'\nK\x05S'checkpoint'\n}}S'model'\n}}S'a'\n{TorchFile.Tensor(0, 2)}sssu.".Replace("sssu.", "ssu."));
        Assert.Equal("a", Assert.Single(checkpoint.Entries).Name);
    }

    [Fact]
    public void AStateDictOfAnotherClassIsRead()
    {
        using Checkpoint checkpoint = Parse($"}}S'model'\nclib\nStateDict\n)\x81(S'a'\n{TorchFile.Tensor(0, 2)}u}}S'_metadata'\n}}sbs.");
        Assert.Equal("a", Assert.Single(checkpoint.Entries).Name);
        Assert.Equal(["lib.StateDict"], checkpoint.NotRead);
    }

    [Theory]
    [InlineData("S'when'\ncdatetime\ndatetime\n(C\x01\x01tR", "datetime.datetime")]
    [InlineData("S'args'\n}NK\x01s", null)]
    [InlineData("S'loop'\n]p7\n0g7\ng7\na", null)]
    [InlineData("S'type'\nctorch\ncomplex64\n", "torch.complex64")]
    [InlineData("S'z'\nc__builtin__\ncomplex\nG\x3f\xf0\0\0\0\0\0\0G\x3f\xf0\0\0\0\0\0\0\x86R", null)]
    [InlineData("S'fft'\nctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\nComplexFloatStorage\nS'0'\nS'cpu'\nI1\ntQI0\n(I1\nt(I1\nt\x89NtR", "torch.ComplexFloatStorage")]
    [InlineData("S'log'\nccollections\ndeque\n)R(K\x01K\x02" + "e", null)]
    [InlineData("(K\x01K\x02tK\x03", null)]
    [InlineData("NN", null)]
    public void ObjectsBesideTheWeightsAreSkippedAndNamed(string beside, string? name)
    {
        using Checkpoint checkpoint = Checkpoint.Parse(TorchFile.Of(beside, ("w", [1, 2])), "test");
        Assert.Equal([1, 2], checkpoint["w"].Floats());
        if (name is null)
            Assert.Empty(checkpoint.NotRead);
        else
            Assert.Equal([name], checkpoint.NotRead);
        CheckpointManifest.Of(checkpoint);
    }

    [Fact]
    public void AnObjectInThePlaceOfAWeightIsAnError()
    {
        Models.VisionModel model = SavedModel.Made();
        using Checkpoint checkpoint = Checkpoint.Parse(TorchFile.Zip($"}}(S'w'\n{TorchFile.Tensor(0, 2)}S'head.bias'\nclib\nLazy\n)Ru.", [1, 2]), "test");
        Assert.Contains(ModelLoader.Compare(model, checkpoint).Missing, missing => missing.StartsWith("head.bias (", StringComparison.Ordinal) && missing.Contains("lib.Lazy", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{0}.", null)]
    [InlineData("}}S'model'\n{0}s.", "model")]
    public void ANetworkThatWasSavedWholeGivesItsTensors(string file, string? section)
    {
        string network = "cnets\nNet\n)\x81}(" +
            $"S'_parameters'\n}}(S'token'\n{TorchFile.Tensor(0, 2)}S'none'\nNuS'_buffers'\n}}(S'mean'\n{TorchFile.Tensor(0, 2)}S'scratch'\n{TorchFile.Tensor(0, 2)}u" +
            "S'_non_persistent_buffers_set'\nc__builtin__\nset\n(]S'scratch'\natRS'_modules'\n}S'head'\n" +
            $"ctorch.nn\nLinear\n)\x81}}(S'_parameters'\n}}S'weight'\n{TorchFile.Tensor(0, 2)}sS'_buffers'\n}}S'_modules'\n}}ubsub";
        using Checkpoint checkpoint = Parse(string.Format(System.Globalization.CultureInfo.InvariantCulture, file, network));
        Assert.Equal(section, checkpoint.Section);
        Assert.Equal(["token", "mean", "head.weight"], checkpoint.Entries.Select(entry => entry.Name));
        Assert.Equal(["nets.Net", "torch.nn.Linear"], checkpoint.NotRead);
    }

    private static Checkpoint Parse(string pickle) => Checkpoint.Parse(TorchFile.Zip(pickle, [1, 2]), "test");
}
