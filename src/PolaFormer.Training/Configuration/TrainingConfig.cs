using System.ComponentModel.DataAnnotations;

namespace PolaFormer.Training.Configuration;

/// <summary>
/// A training recipe under the authors' YAML keys: a property <c>Train.BaseLr</c> is the key <c>TRAIN.BASE_LR</c>. Defaults are
/// those of the authors' config.py.
/// </summary>
public sealed class TrainingConfig
{
    /// <summary>Files, relative to this one, whose values are taken first.</summary>
    public string[] Base { get; set; } = [""];

    /// <summary>DATA: the images.</summary>
    public DataConfig Data { get; set; } = new();

    /// <summary>MODEL: the network.</summary>
    public ModelConfig Model { get; set; } = new();

    /// <summary>TRAIN: the optimisation.</summary>
    public OptimizationConfig Train { get; set; } = new();

    /// <summary>LONG_RANGE: a task of Long Range Arena; ours.</summary>
    public LongRangeConfig LongRange { get; set; } = new();

    /// <summary>SEGMENTATION: networks that MODEL.TYPE names for the class of every pixel; ours.</summary>
    public SegmentationConfig Segmentation { get; set; } = new();

    /// <summary>DETECTION: networks that MODEL.TYPE names for objects; ours.</summary>
    public DetectionConfig Detection { get; set; } = new();

    /// <summary>AUG: the augmentation.</summary>
    public AugmentationConfig Aug { get; set; } = new();

    /// <summary>TEST: the evaluation.</summary>
    public TestConfig Test { get; set; } = new();

    /// <summary>AMP: the authors' mixed precision; arithmetic here is float32, so only false is taken.</summary>
    [Unused("arithmetic is float32 throughout")]
    public bool Amp { get; set; }

    /// <summary>DEVICE (ours): where the run computes, <c>cpu</c>, or <c>cuda</c> and <c>cuda:1</c> for a GPU by its number.</summary>
    public string Device { get; set; } = "cpu";

    /// <summary>AMP_TYPE (ours): <c>bfloat16</c> lets a GPU round the operands of matrix products, <c>none</c> nothing; weights and sums are float32.</summary>
    [AllowedValues("none", "bfloat16")]
    public string AmpType { get; set; } = "none";

    /// <summary>CUDA_GRAPHS (ours): whether a GPU repeats training steps of one shape as a whole, where it can.</summary>
    public bool CudaGraphs { get; set; } = true;

    /// <summary>OUTPUT: folder of logs and checkpoints.</summary>
    public string Output { get; set; } = "";

    /// <summary>TAG: name of the experiment.</summary>
    public string Tag { get; set; } = "default";

    /// <summary>SAVE_FREQ: epochs between checkpoints.</summary>
    [Range(1, int.MaxValue)]
    public int SaveFreq { get; set; } = 1;

    /// <summary>SAVE_MINUTES (ours): time after which the state is saved within an epoch, too; 0 for never.</summary>
    [Range(0, 1e6)]
    public double SaveMinutes { get; set; } = 5;

    /// <summary>SAVE_PTH (ours): write <c>last.pth</c> and <c>best.pth</c>, too, in the authors' layout for PyTorch.</summary>
    public bool SavePth { get; set; }

    /// <summary>PRINT_FREQ: steps between log records.</summary>
    [Range(1, int.MaxValue)]
    public int PrintFreq { get; set; } = 100;

    /// <summary>SEED: everything random follows from it.</summary>
    [Range(0, int.MaxValue)]
    public int Seed { get; set; }

    /// <summary>EVAL_MODE: the authors' switch, set by their command line.</summary>
    public bool EvalMode { get; set; }

    /// <summary>THROUGHPUT_MODE: the authors' switch, set by their command line.</summary>
    public bool ThroughputMode { get; set; }

    /// <summary>LOCAL_RANK: the authors' process number, set by their launcher.</summary>
    [Unused("one process trains; --threads sets its threads")]
    public int LocalRank { get; set; }
}
