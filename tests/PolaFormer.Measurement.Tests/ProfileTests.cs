using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Measurement.Tests;

public class ProfileTests
{
    [Theory]
    [InlineData("pola_pvt_tiny", 1)]
    [InlineData("pola_swin_tiny", 1)]
    [InlineData("polaformer_pp_cifar", 2)]
    public void EveryMultiplyAccumulateOfTheModelHasItsCall(string name, int batch)
    {
        ModelEntry entry = ModelRegistry.Find(name);
        Profile profile = ProfileOf(entry, batch);
        Assert.Equal(batch * ModelSummary.Of(entry).Macs, profile.Calls.Sum(call => call.Macs));
        Assert.Equal(profile.Calls.Sum(call => call.Macs), profile.ByLayer().Sum(layer => layer.Macs));
        Assert.Equal(profile.Calls.Count, profile.ByOperator().Sum(operation => operation.Calls));
    }

    [Fact]
    public void ProductsAreAttributedToTheModuleThatHoldsTheirWeights()
    {
        ModelEntry entry = ModelRegistry.Find("polaformer_pp_cifar");
        HashSet<string> modules = [.. entry.Create().Modules().Select(module => module.FullName)];
        Profile profile = ProfileOf(entry, 1);
        Assert.All(profile.Calls, call => Assert.Contains(call.Module, modules));
        ProfileEntry fc1 = Assert.Single(profile.Calls, call => call.Module == "layers.0.blocks.0.ffn.fc1" && call.Macs > 0);
        Assert.Equal(fc1.Result.Count * 32, fc1.Macs);
        Assert.All(profile.Calls.Where(call => call.Macs > 0), call => Assert.True(call.Bytes >= 4 * call.Result.Count, call.ToString()));
    }

    private static Profile ProfileOf(ModelEntry entry, int batch) => Profile.Measure(
        () =>
        {
            VisionModel model = entry.Create();
            model.Initialize(0);
            model.Evaluate();
            Tensor images = Tensor.Full([batch, entry.ImageSize, entry.ImageSize, 3], 0.5f);
            return () =>
            {
                using (MemoryScope.Enter())
                    model.Forward(images);
            };
        },
        TimeSpan.Zero,
        100);
}
