using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training;

/// <summary>The network that a configuration asks for.</summary>
/// <param name="Name">Its name in the registry; the configuration's own name for a shape that is not registered.</param>
/// <param name="Model">The network, weights undefined.</param>
public sealed record ConfiguredModel(string Name, VisionModel Model)
{
    /// <summary>
    /// Builds MODEL.TYPE: <c>pola_swin</c> from the keys of SWIN and LA; the authors' <c>polab0</c> to <c>polab5</c> as
    /// published, whose drop-path rates no key changes; any other registered name for DATA.IMG_SIZE, MODEL.NUM_CLASSES and
    /// MODEL.DROP_PATH_RATE.
    /// </summary>
    /// <exception cref="ConfigurationException">There is no such network, or a key asks for what it cannot do.</exception>
    public static ConfiguredModel Create(TrainingConfig config)
    {
        ModelConfig model = config.Model;
        if (model.DropRate != 0)
            throw new ConfigurationException("MODEL.DROP_RATE: the networks have no dropout; set it to 0.");
        if (model.Type == "pola_swin")
            return CreateSwin(config);
        bool isPublishedPlusPlus = model.Type.StartsWith("polab", StringComparison.Ordinal);
        string name = isPublishedPlusPlus ? $"polaformer_pp_{model.Type[4..]}" : model.Type;
        ModelEntry entry = ModelRegistry.All.FirstOrDefault(entry => entry.Name == name)
            ?? throw new ConfigurationException($"MODEL.TYPE: there is no network '{model.Type}'. Known: pola_swin, polab0 … polab5, {string.Join(", ", ModelRegistry.All.Select(entry => entry.Name))}.");
        return new ConfiguredModel(name, entry.Create(new ModelOptions
        {
            ImageSize = config.Data.ImgSize,
            NumClasses = model.NumClasses,
            DropPathRate = isPublishedPlusPlus ? null : (float)model.DropPathRate,
        }));
    }

    private static ConfiguredModel CreateSwin(TrainingConfig config)
    {
        SwinConfig swin = config.Model.Swin;
        if (swin.InChans != 3 || swin.Ape || !swin.PatchNorm)
            throw new ConfigurationException("MODEL.SWIN: only IN_CHANS 3, APE false and PATCH_NORM true are supported, as in every published model.");
        VisionModel Build() => new PolaSwin(new PolaSwinConfig
        {
            ImageSize = config.Data.ImgSize,
            NumClasses = config.Model.NumClasses,
            PatchSize = swin.PatchSize,
            EmbedDim = swin.EmbedDim,
            Depths = swin.Depths,
            NumHeads = swin.NumHeads,
            WindowSize = swin.WindowSize,
            MlpRatio = (float)swin.MlpRatio,
            QkvBias = swin.QkvBias,
            AttnType = config.Model.La.AttnType,
            KernelSize = config.Model.La.KernelSize,
            Alpha = (float)config.Model.La.Alpha,
            DropPathRate = (float)config.Model.DropPathRate,
        });
        return new ConfiguredModel(RegisteredName(config, Build), Build());
    }

    // Compares state dicts without memory for them.
    private static string RegisteredName(TrainingConfig config, Func<VisionModel> build)
    {
        using IDisposable meta = new MetaDevice().Use();
        IReadOnlyList<(string, Shape)> wanted = Layout(build());
        var options = new ModelOptions { NumClasses = config.Model.NumClasses };
        return ModelRegistry.All
            .Where(entry => entry.Name.StartsWith("pola_swin", StringComparison.Ordinal) && entry.ImageSize == config.Data.ImgSize)
            .FirstOrDefault(entry => Layout(entry.Create(options)).SequenceEqual(wanted))?.Name ?? config.Model.Name;
    }

    private static IReadOnlyList<(string, Shape)> Layout(VisionModel model) => [.. model.StateDict().Select(entry => (entry.Name, entry.Tensor.Shape))];
}
