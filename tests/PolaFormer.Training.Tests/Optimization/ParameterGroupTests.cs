using System.Text.Json;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests.Optimization;

public sealed class ParameterGroupTests
{
    [Theory]
    [InlineData("pola_pvt_tiny", "pola_pvt_t")]
    [InlineData("pola_pvt_small", "pola_pvt_s")]
    [InlineData("pola_pvt_medium", "pola_pvt_m")]
    [InlineData("pola_swin_tiny", "pola_swin_t")]
    [InlineData("pola_swin_small", "pola_swin_s")]
    [InlineData("pola_swin_base", "pola_swin_b")]
    [InlineData("polaformer_pp_b0", "pola_b0")]
    [InlineData("polaformer_pp_b1", "pola_b1")]
    [InlineData("polaformer_pp_b2", "pola_b2")]
    [InlineData("polaformer_pp_b4", "pola_b4")]
    public void TheSameParametersDecayAsWithTheAuthors(string model, string fixture)
    {
        using var reference = new RecipeFixture($"param_groups_{fixture}");
        using IDisposable meta = new MetaDevice().Use();
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Split(ModelRegistry.Find(model).Create(), 0.05);
        Assert.Equal([0.05, 0], groups.Select(group => group.WeightDecay));
        Assert.Equal(SizeOf(reference, "decay"), SizeOf(groups[0]));
        Assert.Equal(SizeOf(reference, "no_decay"), SizeOf(groups[1]));

        // The larger models' names are not recorded.
        if (reference.Meta.GetProperty("names") is { ValueKind: JsonValueKind.Object } names)
        {
            Assert.Equal(NamesOf(names.GetProperty("decay")), NamesOf(groups[0]));
            Assert.Equal(NamesOf(names.GetProperty("no_decay")), NamesOf(groups[1]));
        }
    }

    private static (long Tensors, long Values) SizeOf(RecipeFixture reference, string group) =>
        (reference.Meta.GetProperty(group).GetProperty("tensors").GetInt64(), reference.Meta.GetProperty(group).GetProperty("numel").GetInt64());

    private static (long Tensors, long Values) SizeOf(ParameterGroup group) => (group.Parameters.Count, group.Parameters.Sum(entry => entry.Parameter.Count));

    private static IEnumerable<string> NamesOf(JsonElement list) => list.EnumerateArray().Select(name => name.GetString()!).Order(StringComparer.Ordinal);

    private static IEnumerable<string> NamesOf(ParameterGroup group) => group.Parameters.Select(entry => entry.Name).Order(StringComparer.Ordinal);
}
