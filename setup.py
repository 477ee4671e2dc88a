"""Metadata, version ranges and extras; requirements/lock.txt pins what `make` installs."""

import pathlib

import setuptools

HERE = pathlib.Path(__file__).parent

EXTRAS = {
    # tensorflow-io 0.37.1 loads with TensorFlow 2.16 and 2.17 only, so this extra holds TensorFlow back.
    "io": ["tensorflow-io==0.37.1", "tensorflow>=2.17,<2.18"],
    "remote": ["fsspec>=2024.2", "s3fs>=2024.2", "aiohttp>=3.9"],
    "hub": ["huggingface-hub>=0.24"],
    "beam": ["apache-beam>=2.60"],
    "gpu": ["tensorflow[and-cuda]>=2.17"],
    "jax": ["jax>=0.4.30"],
    "torch": ["torch>=2.4"],
    # tf2onnx 1.17 is the first that lives with NumPy 2.
    "onnx": ["onnx>=1.16", "tf2onnx>=1.17", "onnxruntime>=1.18"],
    "openvino": ["openvino>=2024.4"],
    "int8": ["nncf>=2.14", "openvino>=2024.4"],
    "litert": ["ai-edge-litert>=2.0", "flatbuffers>=24"],
    "dev": ["pytest>=8", "pytest-timeout", "hypothesis", "httpx", "ruff", "mypy", "psutil", "jsonschema",
            "moto[s3,server]>=5", "matplotlib>=3.8"],  # which the examples draw with
}

setuptools.setup(
    name="res3d",
    version="0.1.0",
    description="Video action recognition with 2D and 3D residual networks in Keras 3",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    classifiers=["Programming Language :: Python :: 3.11", "Programming Language :: Python :: 3.12",
                 "Programming Language :: Python :: 3.13", "Operating System :: POSIX :: Linux",
                 "Intended Audience :: Science/Research", "Topic :: Scientific/Engineering :: Image Recognition",
                 "Typing :: Typed"],
    packages=setuptools.find_packages(include=["res3d", "res3d.*", "pipelines", "pipelines.*", "serving", "serving.*"]),
    package_data={"res3d": ["py.typed", "**/*.pyi", "recipes/*.yaml", "pretrained/*.keras", "**/*.j2", "**/*.css",
                            "**/*.js", "**/*.json", "weights/catalogue/*.csv", "weights/catalogue/labels/*.txt"],
                  "pipelines": ["py.typed", "**/*.pyi", "**/*.j2"],
                  "serving": ["py.typed", "**/*.pyi", "**/*.html", "**/*.js", "**/*.j2"]},
    install_requires=[
        "tensorflow>=2.17",
        "keras>=3.12",
        "numpy>=1.26",
        # 4.12, which heeds a list of formats, needs NumPy 2; TensorFlow 2.17, which `io` needs, has NumPy 1.
        "opencv-python-headless>=4.11",
        "absl-py>=2",
        "lazy_loader>=0.4",
        "ml_dtypes>=0.4",
        "protobuf>=4.25",
        "PyYAML>=6",
        "h5py>=3",
        "Pillow>=10",
        "tqdm>=4.66",
        "Jinja2>=3.1",
        "tensorboard>=2.17",
        "tensorflow-serving-api>=2.17",
        "grpcio>=1.60",
        "grpcio-health-checking>=1.60",
        "grpcio-reflection>=1.60",
        "uvicorn>=0.30",
        "httptools>=0.6",
        "starlette>=0.37",
        "urllib3>=2",
        "google-crc32c>=1.5",
        "shtab>=1.13",
    ],
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["res3d = res3d.commands.main:main"]},
)
