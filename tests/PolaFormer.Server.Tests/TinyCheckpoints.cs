using PolaFormer.Checkpoints;
using PolaFormer.Detection;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Data;
using PolaFormer.LongRange;
using PolaFormer.Models;
using PolaFormer.Models.Necks;
using PolaFormer.NN;
using PolaFormer.Segmentation;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Segmentation.Tests;
using PolaFormer.Tensors;

namespace PolaFormer.Server.Tests;

/// <summary>Checkpoints of a few thousand parameters, of each task.</summary>
internal static class TinyCheckpoints
{
    /// <summary>Writes a segmentation network of three classes.</summary>
    public static string Segmenter(string folder)
    {
        SegmenterConfig config = TinySegmenter.LightHam(3);
        Segmenter network = config.Create();
        network.Initialize(5);
        var description = new SegmenterDescription { Name = "tiny", Config = config, Classes = new ClassNames(["sky", "tree", "road"], [new(60, 120, 220), new(40, 160, 60), new(200, 60, 60)]), Scale = (96, 64) };
        return Write(folder, "segmenter", network, description.ToMetadata());
    }

    /// <summary>Writes a detector of three classes.</summary>
    public static string Detector(string folder)
    {
        const int channels = 16;
        var network = new PolaFormerPlusPlusConfig { EmbedDims = [8, 8, 16, 16], Depths = [1, 1, 1, 1], NumHeads = [1, 1, 2, 2], MlpRatios = [1, 1, 1, 1], LayerScales = [true, true, true, true], LayerInitValues = [1, 1, 1, 1] };
        var config = new DetectorConfig
        {
            Backbone = new BackboneConfig { Network = network },
            Neck = new FpnConfig { InChannels = [8, 8, 16, 16], OutChannels = channels, Outputs = 5, StartLevel = 1, Extra = ExtraLevels.OnInput },
            Retina = new RetinaConfig
            {
                NumClasses = 3,
                InChannels = channels,
                StackedConvolutions = 1,
                FeatureChannels = channels,
                Anchors = new AnchorGenerator { Strides = [8, 16, 32, 64, 128], Ratios = [0.5f, 1, 2], Scales = AnchorGenerator.OctaveScales(4, 3) },
                Training = new DenseTraining { Assigner = new MaxIoUAssigner { PositiveOverlap = 0.5f, NegativeOverlap = 0.4f } },
                Detections = new ProposalRule { BestOfLevel = 100, OverlapBound = 0.5f, MaxPerImage = 10, ScoreBound = 0 },
            },
        };
        Detector detector = config.Create();
        detector.Initialize(1);

        // Far above what an untrained network gives, so that it finds something everywhere.
        detector.StateDict().Single(entry => entry.Name == "bbox_head.retina_cls.bias").Tensor.AsSpan<float>().Fill(2);
        var description = new DetectorDescription { Name = "tiny", Config = config, Categories = CocoCategories.Named(["cat", "dog", "ship"]), Scale = (128, 64) };
        return Write(folder, "detector", detector, description.ToMetadata());
    }

    /// <summary>Writes a network of a task of Long Range Arena.</summary>
    public static string Sequences(string folder, ArenaTask task)
    {
        var network = new SequenceClassifier(new SequenceClassifierConfig
        {
            Attention = "elu",
            VocabularySize = task.VocabularySize,
            MaxLength = task.Length == 1024 ? 1024 : 64,
            Dim = 8,
            HiddenDim = 8,
            HeadDim = 4,
            NumClasses = task.Classes.Count,
            IsDual = task.IsDual,
        });
        network.Initialize(3);
        return Write(folder, task.Name, network, new SequenceDescription(task, network.Config).ToMetadata());
    }

    private static string Write(string folder, string name, Module network, IReadOnlyDictionary<string, string> metadata)
    {
        string path = Path.Combine(folder, $"{name}.safetensors");
        SafetensorsWriter.Write(path, network.StateDict().Where(entry => entry.Tensor.DType == DType.Float32).Select(entry => new CheckpointTensor(entry.Name, entry.Tensor.Shape, entry.Tensor.ToArray())), metadata);
        return path;
    }
}
