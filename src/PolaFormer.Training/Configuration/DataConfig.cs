using System.ComponentModel.DataAnnotations;

namespace PolaFormer.Training.Configuration;

/// <summary>DATA: the images and how they are read.</summary>
public sealed class DataConfig
{
    /// <summary>BATCH_SIZE: images a step.</summary>
    [Range(1, 1 << 20)]
    public int BatchSize { get; set; } = 128;

    /// <summary>DATA_PATH: folder, archive or shards of the data set; docs/data.md shows the layouts.</summary>
    public string DataPath { get; set; } = "";

    /// <summary>DATASET: <c>imagenet</c> (photographs of any size), <c>cifar10</c> (images of the network's size, held in memory), or (ours) <c>masks</c> (photographs with the class of every pixel), <c>objects</c> (photographs with boxes or masks of objects), <c>shapes</c> (scenes of shapes, drawn on the photographs of DATA_PATH), or a task of Long Range Arena: <c>listops</c>, <c>text</c>, <c>retrieval</c>, <c>pathfinder</c>, <c>image</c>.</summary>
    [AllowedValues("imagenet", "cifar10", "masks", "objects", "shapes", "listops", "text", "retrieval", "pathfinder", "image")]
    public string Dataset { get; set; } = "imagenet";

    /// <summary>HOLD_OUT (ours): share of the images that is held out by SEED for evaluation where the data have none for it, of each class of a folder of classes alike; 1 to evaluate on all.</summary>
    [Range(0, 1, MinimumIsExclusive = true)]
    public double HoldOut { get; set; } = 0.1;

    /// <summary>IMG_SIZE: side of the network's input in pixels.</summary>
    [Range(1, 8192)]
    public int ImgSize { get; set; } = 224;

    /// <summary>INTERPOLATION: <c>bicubic</c>, <c>bilinear</c> or, in training, <c>random</c>.</summary>
    [AllowedValues("bicubic", "bilinear", "random")]
    public string Interpolation { get; set; } = "bicubic";

    /// <summary>ZIP_MODE: requires the authors' zipped form, <c>train.zip</c> with <c>train_map.txt</c>, at DATA_PATH.</summary>
    public bool ZipMode { get; set; }

    /// <summary>CACHE_MODE: with ZIP_MODE, <c>full</c> reads the archives into memory at the start; <c>part</c> and <c>no</c> read images when needed.</summary>
    [AllowedValues("no", "part", "full")]
    public string CacheMode { get; set; } = "part";

    /// <summary>PIN_MEMORY: of the authors' GPU transfers.</summary>
    [Unused("batches are not copied to another device")]
    public bool PinMemory { get; set; } = true;

    /// <summary>NUM_WORKERS: threads that decode images, at most one a core.</summary>
    [Range(0, 1024)]
    public int NumWorkers { get; set; } = 8;

    /// <summary>BALANCED (ours): an epoch shows every class equally often, instead of every image once.</summary>
    public bool Balanced { get; set; }

    /// <summary>BAD_IMAGES: what an image that cannot be decoded does: <c>fail</c> ends the run, <c>skip</c> makes its batch smaller. A key of ours.</summary>
    [AllowedValues("fail", "skip")]
    public string BadImages { get; set; } = "fail";
}
