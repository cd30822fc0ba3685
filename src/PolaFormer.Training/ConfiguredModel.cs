using System.Globalization;
using System.Text.Json;
using PolaFormer.Models;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training;

/// <summary>The network that a configuration asks for.</summary>
/// <param name="Name">Its name in the registry; its family for a shape that is not registered.</param>
/// <param name="Model">The network, weights undefined.</param>
/// <param name="Config">A shape that is not registered, as <see cref="ModelConfiguration"/> writes it; else null.</param>
public sealed record ConfiguredModel(string Name, VisionModel Model, string? Config)
{
    /// <summary>
    /// Builds MODEL.TYPE: <c>pola_swin</c> from the keys of SWIN and LA; <c>polaformer_pp</c> from those of PP; a registered
    /// <c>pola_pvt_…</c> with those of LA; the authors' <c>polab0</c> to <c>polab5</c> as published, whose drop-path rates no key
    /// changes; any other registered name. All but <c>polab…</c> obey MODEL.DROP_PATH_RATE; MODEL.ATTENTION replaces the attention of any.
    /// </summary>
    /// <exception cref="ConfigurationException">There is no such network, or a key asks for what it cannot do.</exception>
    public static ConfiguredModel Create(TrainingConfig config)
    {
        ModelConfig model = config.Model;
        if (model.DropRate != 0 && (IsPublishedPlusPlus(model.Type) || model.Type.StartsWith("polaformer_pp", StringComparison.Ordinal)))
            throw new ConfigurationException("MODEL.DROP_RATE: PolaFormer++ has no dropout; set it to 0.");
        try
        {
            VisionModelConfig own = ConfigOf(config);
            if (own is not CswinConfig && model.La.CswinLaSplitSize != new LinearAttentionConfig().CswinLaSplitSize)
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
            else if (PolarityOf(model.Pola, new PolarityOptions()) is not null)
                throw new ConfigurationException($"MODEL.POLA: {model.Type} has no polarity attention to take apart; PVT, Swin and DeiT have.");
            VisionModelConfig shape = new ModelEntry(model.Type, own).WithAttention(model.Attention).ConfigFor(OptionsOf(config));
            (string family, string json) = ModelConfiguration.Write(shape);
            ModelEntry? registered = ModelRegistry.All.FirstOrDefault(entry => ModelConfiguration.Write(entry.ConfigFor(OptionsOf(config))) == (family, json));
            return new ConfiguredModel(registered?.Name ?? family, shape.Create(), registered is null ? json : null);
        }
        catch (ArgumentException error)
        {
            throw new ConfigurationException($"MODEL: {error.Message}", error);
        }
    }

    private static ModelOptions OptionsOf(TrainingConfig config) => new()
    {
        ImageSize = config.Data.ImgSize,
        NumClasses = config.Model.NumClasses,
        DropPathRate = IsPublishedPlusPlus(config.Model.Type) ? null : (float)config.Model.DropPathRate,
    };

    // What a registered entry has, or what the keys tell.
    private static VisionModelConfig ConfigOf(TrainingConfig config)
    {
        string type = config.Model.Type;
        if (type == "pola_swin")
            return SwinOf(config.Model);
        if (type == "polaformer_pp")
            return PlusPlusOf(config.Model.Pp);
        string name = IsPublishedPlusPlus(type) ? $"polaformer_pp_{type[4..]}" : type;
        ModelEntry entry = ModelRegistry.TryFind(name)
            ?? throw new ConfigurationException($"MODEL.TYPE: there is no network '{type}'. Known: pola_swin, polaformer_pp, polab0 … polab5, {string.Join(", ", ModelRegistry.All.Select(entry => entry.Name))}.");
        return entry.Config switch
        {
            PolaPvtConfig { ClassToken: false } pvt => PvtOf(pvt, config.Model),
            CswinConfig cswin => CswinOf(cswin, config.Model.La.CswinLaSplitSize),
            VisionModelConfig other => other,
        };
    }

    private static bool IsPublishedPlusPlus(string type) => type.StartsWith("polab", StringComparison.Ordinal);

    private static PolaSwinConfig SwinOf(ModelConfig model)
    {
        SwinConfig swin = model.Swin;
        if (swin.InChans != 3)
            throw new ConfigurationException("MODEL.SWIN.IN_CHANS: images have 3 colours; set it to 3.");
        return new PolaSwinConfig
        {
            PatchSize = swin.PatchSize,
            EmbedDim = swin.EmbedDim,
            Depths = swin.Depths,
            NumHeads = swin.NumHeads,
            WindowSize = swin.WindowSize,
            MlpRatio = (float)swin.MlpRatio,
            QkvBias = swin.QkvBias,
            AbsolutePosition = swin.Ape,
            PatchNorm = swin.PatchNorm,
            AttnType = model.La.AttnType,
        };
    }

    private static PolaFormerPlusPlusConfig PlusPlusOf(PlusPlusConfig shape) => new()
    {
        EmbedDims = shape.EmbedDims,
        Depths = shape.Depths,
        NumHeads = shape.NumHeads,
        MlpRatios = [.. shape.MlpRatios.Select(ratio => (float)ratio)],
        Flags = shape.Flags,
        LayerScales = shape.LayerScales,
        LayerInitValues = [.. shape.LayerInitValues.Select(value => (float)value)],
        Projection = shape.Projection,
        StemReductions = shape.StemReductions,
    };

    private static PolaPvtConfig PvtOf(PolaPvtConfig published, ModelConfig model)
    {
        LinearAttentionConfig la = model.La;
        if (!la.PvtLaSrRatios.All(char.IsAsciiDigit))
            throw new ConfigurationException($"MODEL.LA.PVT_LA_SR_RATIOS: '{la.PvtLaSrRatios}' is not a digit a stage.");
        return published with
        {
            AttnType = la.AttnType,
            LaSrRatios = [.. la.PvtLaSrRatios.Select(digit => digit - '0')],
        };
    }

    private static CswinConfig CswinOf(CswinConfig published, string splits)
    {
        var sizes = new List<int>();
        foreach (string part in splits.Split('-'))
        {
            sizes.Add(int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int size)
                ? size
                : throw new ConfigurationException($"MODEL.LA.CSWIN_LA_SPLIT_SIZE: '{splits}' is no list of widths with dashes between, such as 56-28-14-7."));
        }

        return published with { LaSplitSizes = sizes };
    }

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
