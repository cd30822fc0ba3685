using System.Text.Json;
using PolaFormer.Models;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;
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
    /// changes; any other registered name. All but <c>polab…</c> obey MODEL.DROP_PATH_RATE.
    /// </summary>
    /// <exception cref="ConfigurationException">There is no such network, or a key asks for what it cannot do.</exception>
    public static ConfiguredModel Create(TrainingConfig config)
    {
        ModelConfig model = config.Model;
        if (model.DropRate != 0 && (IsPublishedPlusPlus(model.Type) || model.Type.StartsWith("polaformer_pp", StringComparison.Ordinal)))
            throw new ConfigurationException("MODEL.DROP_RATE: PolaFormer++ has no dropout; set it to 0.");
        try
        {
            ModelEntry entry = EntryOf(config);
            if (entry.Name is not ("pola_swin" or "pola_pvt") && PolarityOf(model.Pola) is not null)
                throw new ConfigurationException($"MODEL.POLA: {model.Type} has no polarity attention to take apart; pola_swin and pola_pvt have.");
            var options = new ModelOptions
            {
                ImageSize = config.Data.ImgSize,
                NumClasses = model.NumClasses,
                DropPathRate = IsPublishedPlusPlus(model.Type) ? null : (float)model.DropPathRate,
            };
            if (!ModelConfiguration.Families.Contains(entry.Name))
                return new ConfiguredModel(entry.Name, entry.Create(options), null);
            (string family, string shape) = ShapeOf(entry, options);
            ModelEntry? registered = ModelRegistry.All.FirstOrDefault(other => other.Name.StartsWith(family, StringComparison.Ordinal) && IsShape(other, options, shape));
            return new ConfiguredModel(registered?.Name ?? family, entry.Create(options), registered is null ? shape : null);
        }
        catch (ArgumentException error)
        {
            throw new ConfigurationException($"MODEL: {error.Message}", error);
        }
    }

    // A registered entry, or one of the shape that the keys tell, under the name of its family.
    private static ModelEntry EntryOf(TrainingConfig config)
    {
        string type = config.Model.Type;
        if (type == "pola_swin")
            return ModelEntry.Of(type, SwinOf(config.Model));
        if (type == "polaformer_pp")
            return ModelEntry.Of(type, PlusPlusOf(config.Model.Pp));
        string name = IsPublishedPlusPlus(type) ? $"polaformer_pp_{type[4..]}" : type;
        ModelEntry entry = ModelRegistry.All.FirstOrDefault(entry => entry.Name == name)
            ?? throw new ConfigurationException($"MODEL.TYPE: there is no network '{type}'. Known: pola_swin, polaformer_pp, polab0 … polab5, {string.Join(", ", ModelRegistry.All.Select(entry => entry.Name))}.");
        return WithoutMemory(() => entry.Create()) is PolaPvt pvt ? ModelEntry.Of("pola_pvt", PvtOf(pvt.Config, config.Model)) : entry;
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
            DropRate = (float)model.DropRate,
            KernelSize = model.La.KernelSize,
            Alpha = (float)model.La.Alpha,
            Polarity = PolarityOf(model.Pola),
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
            DropRate = (float)model.DropRate,
            KernelSize = la.KernelSize,
            Alpha = (float)la.Alpha,
            Polarity = PolarityOf(model.Pola),
        };
    }

    // Null for the published form, so that a published network keeps its name.
    private static PolarityOptions? PolarityOf(PolarityConfig config)
    {
        var options = new PolarityOptions
        {
            IsPolar = config.Polarity,
            Gate = Choice<PolarityGate>("MODEL.POLA.GATE", config.Gate),
            GateStart = Choice<PolarityGateStart>("MODEL.POLA.GATE_START", config.GateStart),
            Local = Choice<PolarityLocal>("MODEL.POLA.LOCAL", config.Local),
        };
        return options == new PolarityOptions() ? null : options;
    }

    private static T Choice<T>(string key, string text)
        where T : struct, Enum
    {
        Dictionary<string, T> choices = Enum.GetValues<T>().ToDictionary(value => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{value}"));
        return choices.TryGetValue(text, out T choice) ? choice : throw new ConfigurationException($"{key}: '{text}' is none of {string.Join(", ", choices.Keys)}.");
    }

    private static bool IsShape(ModelEntry entry, ModelOptions options, string shape)
    {
        // Pola-Swin's window fixes its resolution: only an entry of this one can be built at it.
        bool canBuild = !entry.Name.StartsWith("pola_swin", StringComparison.Ordinal) || entry.ImageSize == options.ImageSize;
        return canBuild && ShapeOf(entry, options).Json == shape;
    }

    private static (string Family, string Json) ShapeOf(ModelEntry entry, ModelOptions options) => WithoutMemory(() => ModelConfiguration.Write(entry.Create(options)));

    private static T WithoutMemory<T>(Func<T> build)
    {
        using IDisposable meta = new MetaDevice().Use();
        return build();
    }
}
