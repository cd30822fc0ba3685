using System.Text.Json;
using PolaFormer.Models;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training;

/// <summary>The network that a configuration asks for.</summary>
/// <param name="Name">Its name in the registry; its family for a shape that is not registered.</param>
/// <param name="Model">The network, weights undefined.</param>
/// <param name="Config">A shape that is not registered, as <see cref="ModelConfigJson"/> writes it; else null.</param>
public sealed record ConfiguredModel(string Name, VisionModel Model, string? Config)
{
    /// <summary>
    /// Builds MODEL.TYPE: <c>pola_swin</c> from the keys of SWIN and LA; <c>polaformer_pp</c> from those of PP; a registered
    /// name with the keys that its family reads (<see cref="ModelFamily.WithKeys"/>); the authors' <c>polab0</c> to <c>polab5</c> as
    /// published, whose drop-path rates no key changes. All but <c>polab…</c> use MODEL.DROP_PATH_RATE; MODEL.ATTENTION replaces the attention of any.
    /// </summary>
    /// <exception cref="ConfigurationException">There is no such network, or a key asks for what it cannot do.</exception>
    public static ConfiguredModel Create(TrainingConfig config)
    {
        ModelConfig model = config.Model;
        try
        {
            (VisionModelConfig own, bool isPublished) = ConfigOf(model);
            var options = new ModelOptions { ImageSize = config.Data.ImgSize, NumClasses = model.NumClasses, DropPathRate = isPublished ? null : (float)model.DropPathRate };
            if (own is not CSWinConfig && model.La.CswinLaSplitSize != new LinearAttentionConfig().CswinLaSplitSize)
                throw new ConfigurationException($"MODEL.LA.CSWIN_LA_SPLIT_SIZE: {model.Type} has no stripes; cswin_tiny has. Leave the key out.");
            if (own is TransformerConfig transformer)
            {
                own = transformer with
                {
                    DropRate = (float)model.DropRate,
                    KernelSize = model.La.KernelSize,
                    Alpha = (float)model.La.Alpha,
                    FocusingFactor = model.La.FocusingFactor == 3 ? 0 : (float)model.La.FocusingFactor,
                    Polarity = PolarityOf(model.Pola, transformer.PublishedPolarity),
                };
            }
            else if (model.DropRate != 0)
                throw new ConfigurationException("MODEL.DROP_RATE: PolaFormer++ has no dropout; set it to 0.");
            else if (PolarityOf(model.Pola, new PolarityOptions()) is not null)
                throw new ConfigurationException($"MODEL.POLA: {model.Type} has no polarity attention to take apart; PVT, Swin and DeiT have.");
            VisionModelConfig shape = new ModelEntry(model.Type, own).WithAttention(model.Attention).ConfigFor(options);
            (string family, string json) = ModelConfigJson.Write(shape);
            ModelEntry? registered = ModelRegistry.All.FirstOrDefault(entry => ModelConfigJson.Write(entry.ConfigFor(options)) == (family, json));
            return new ConfiguredModel(registered?.Name ?? family, shape.Create(), registered is null ? json : null);
        }
        catch (ArgumentException error)
        {
            throw new ConfigurationException($"MODEL: {error.Message}", error);
        }
    }

    // The configuration of a registered entry, or that of the keys; a network as published keeps its drop-path rate.
    private static (VisionModelConfig Config, bool IsPublished) ConfigOf(ModelConfig model)
    {
        var keys = new ModelKeys(model);
        foreach (ModelFamily family in ModelRegistry.Families)
        {
            if (family.Name == model.Type && family.FromKeys(keys) is { } described)
                return (described, false);
            if (family.PublishedTypes.TryGetValue(model.Type, out string? published))
                return (family.WithKeys(ModelRegistry.Find(published).Config, keys), true);
        }

        return ModelRegistry.TryFind(model.Type) is { Config: { } own }
            ? (ModelRegistry.FamilyOf(own).WithKeys(own, keys), false)
            : throw new ConfigurationException($"MODEL.TYPE: there is no network '{model.Type}'. Known: {string.Join(", ", Types(keys))}.");
    }

    private static IEnumerable<string> Types(ModelKeys keys) =>
    [
        .. ModelRegistry.Families.Where(family => family.FromKeys(keys) is not null).Select(family => family.Name),
        .. ModelRegistry.Families.SelectMany(family => family.PublishedTypes.Keys),
        .. ModelRegistry.All.Select(entry => entry.Name),
    ];

    // Null for the published form, so that a published network keeps its name.
    private static PolarityOptions? PolarityOf(PolarityConfig config, PolarityOptions published)
    {
        PolarityOptions options = published with
        {
            IsPolar = config.Polarity ?? published.IsPolar,
            HasPositions = config.Positions ?? published.HasPositions,
            Gate = Choice("MODEL.POLA.GATE", config.Gate, published.Gate),
            GateStart = Choice("MODEL.POLA.GATE_START", config.GateStart, published.GateStart),
            Local = Choice("MODEL.POLA.LOCAL", config.Local, published.Local),
        };
        return options == published ? null : options;
    }

    private static T Choice<T>(string key, string? text, T published)
        where T : struct, Enum
    {
        if (text is null)
            return published;
        Dictionary<string, T> choices = Enum.GetValues<T>().ToDictionary(value => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{value}"));
        return choices.TryGetValue(text, out T choice) ? choice : throw new ConfigurationException($"{key}: '{text}' is none of {string.Join(", ", choices.Keys)}.");
    }
}
