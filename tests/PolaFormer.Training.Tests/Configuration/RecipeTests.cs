using System.Reflection;
using System.Text.Json;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests.Configuration;

/// <summary>The recipes in configs/ against the authors' configurations as real yacs resolves them.</summary>
public sealed class RecipeTests
{
    // Set by the command line, or of a repository of the authors' that has no such key.
    private static readonly string[] Exempt = ["OUTPUT", "MODEL.LA.FOCUSING_FACTOR", "MODEL.LA.ALPHA"];

    [Theory]
    [InlineData("pola_pvt_tiny", "config_pola_pvt_t")]
    [InlineData("pola_pvt_small", "config_pola_pvt_s")]
    [InlineData("pola_pvt_medium", "config_pola_pvt_m")]
    [InlineData("pola_swin_tiny", "config_pola_swin_t")]
    [InlineData("pola_swin_small", "config_pola_swin_s")]
    [InlineData("pola_swin_base", "config_pola_swin_b")]
    [InlineData("polaformer_pp_b0", "config_pola_b0")]
    [InlineData("polaformer_pp_b1", "config_pola_b1")]
    [InlineData("polaformer_pp_b2", "config_pola_b2")]
    [InlineData("polaformer_pp_b4", "config_pola_b4")]
    public void AgreesWithTheAuthors(string recipe, string fixture)
    {
        using var reference = new RecipeFixture(fixture);
        TrainingConfig config = ConfigurationReader.Read(Path.Combine(SharedData.Repository, "configs", $"{recipe}.yaml"));
        Compare(config, reference.Meta.GetProperty("config"), "");
    }

    public static TheoryData<string> Recipes => [.. Directory.GetFiles(Path.Combine(SharedData.Repository, "configs"), "*.yaml").Select(path => Path.GetFileName(path)).Order()];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void EveryRecipeBuildsItsNetwork(string recipe)
    {
        using IDisposable meta = new MetaDevice().Use();
        TrainingConfig config = ConfigurationReader.Read(Path.Combine(SharedData.Repository, "configs", recipe));
        var configured = ConfiguredModel.Create(config);
        Assert.Equal((config.Data.ImgSize, config.Model.NumClasses), (configured.Model.ImageSize, configured.Model.NumClasses));
        if (ModelRegistry.All.Any(entry => entry.Name == Path.GetFileNameWithoutExtension(recipe)))
            Assert.Equal(Path.GetFileNameWithoutExtension(recipe), configured.Name);
    }

    private static void Compare(object section, JsonElement expected, string prefix)
    {
        OrderedDictionary<string, PropertyInfo> keys = ConfigurationKeys.Of(section.GetType());
        foreach (JsonProperty key in expected.EnumerateObject())
        {
            string name = prefix + key.Name;
            Assert.True(keys.TryGetValue(key.Name, out PropertyInfo? property), $"{name} is no key");
            object? value = property.GetValue(section);
            if (key.Value.ValueKind == JsonValueKind.Object)
                Compare(value!, key.Value, $"{name}.");
            else if (!Exempt.Contains(name))
                Assert.True(Text(key.Value) == ConfigurationValue.Format(value).Trim('\''), $"{name}: {Text(key.Value)} expected, {ConfigurationValue.Format(value)} found");
        }
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => ConfigurationValue.Format(value.GetDouble()),
        JsonValueKind.Array => $"[{string.Join(", ", value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? $"'{item.GetString()}'" : Text(item)))}]",
        _ => value.GetRawText(),
    };
}
