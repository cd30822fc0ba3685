namespace PolaFormer.Training.Configuration;

/// <summary>DATA: the images and how they are read.</summary>
public sealed class DataConfig
{
    /// <summary>BATCH_SIZE: images a step.</summary>
    public int BatchSize { get; set; } = 128;

    /// <summary>DATA_PATH: folder or archive of the data set.</summary>
    public string DataPath { get; set; } = "";

    /// <summary>DATASET: <c>imagenet</c> (folders of classes) or <c>cifar10</c> (small images held in memory).</summary>
    public string Dataset { get; set; } = "imagenet";

    /// <summary>IMG_SIZE: side of the network's input in pixels.</summary>
    public int ImgSize { get; set; } = 224;

    /// <summary>INTERPOLATION: <c>bicubic</c>, <c>bilinear</c> or, in training, <c>random</c>.</summary>
    public string Interpolation { get; set; } = "bicubic";

    /// <summary>ZIP_MODE: the authors' zipped ImageNet; only false is taken.</summary>
    public bool ZipMode { get; set; }

    /// <summary>CACHE_MODE: of the authors' zipped ImageNet.</summary>
    public string CacheMode { get; set; } = "part";

    /// <summary>PIN_MEMORY: of the authors' GPU transfers.</summary>
    public bool PinMemory { get; set; } = true;

    /// <summary>NUM_WORKERS: threads that decode images.</summary>
    public int NumWorkers { get; set; } = 8;
}
